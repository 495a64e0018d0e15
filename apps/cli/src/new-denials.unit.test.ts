import type { Denial, Page } from '@postern/contracts';
import { describe, expect, it } from '@jest/globals';
import { newDenials, SeenDenials, type ReadPage } from './follow-denials.js';

const at = (second: number) => `2026-11-24T06:00:${String(second).padStart(2, '0')}.000Z`;
const denial = (id: string, second: number) => ({ id, occurredAt: at(second) }) as Denial;
const ids = (denials: readonly Denial[]) => denials.map(({ id }) => id);

/** A list as the API has it: newest first by time and id, from a time on, two a page, a cursor that is the last row. */
function listOf(denials: readonly Denial[]): ReadPage {
  const key = ({ occurredAt, id }: Denial) => `${occurredAt} ${id}`;
  return async (from, cursor): Promise<Page<Denial>> => {
    const rows = denials
      .filter(({ occurredAt }) => occurredAt >= from)
      .filter((row) => cursor === undefined || key(row) < cursor)
      .sort((a, b) => (key(a) < key(b) ? 1 : -1));
    const items = rows.slice(0, 2);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > 2 && last ? key(last) : null };
  };
}

describe('new denials', () => {
  it('are shown once, the oldest first, also those of one instant', async () => {
    const seen = new SeenDenials(at(0), 100);
    const denials = [denial('b', 1), denial('a', 1), denial('c', 0)];
    expect(await newDenials(seen, listOf(denials), 'quick')).toEqual({
      denials: [denials[2], denials[1], denials[0]],
      complete: true,
    });
    denials.push(denial('aa', 1), denial('d', 2));
    expect(ids((await newDenials(seen, listOf(denials), 'quick')).denials)).toEqual(['aa', 'd']);
    expect(ids((await newDenials(seen, listOf(denials), 'thorough')).denials)).toEqual([]);
  });

  it('that a relay reported late are found by a thorough look, however many stand above them', async () => {
    const seen = new SeenDenials(at(0), 100);
    const denials = [5, 6, 7, 8, 9].map((second) => denial(String(second), second));
    await newDenials(seen, listOf(denials), 'thorough');
    denials.push(denial('late', 1));
    expect(ids((await newDenials(seen, listOf(denials), 'quick')).denials)).toEqual([]);
    expect(ids((await newDenials(seen, listOf(denials), 'thorough')).denials)).toEqual(['late']);
    expect(ids((await newDenials(seen, listOf(denials), 'thorough')).denials)).toEqual([]);
  });

  it('are not lost where a look broke off half-way', async () => {
    const seen = new SeenDenials(at(0), 100);
    const denials = [1, 2, 3, 4].map((second) => denial(String(second), second));
    const broken: ReadPage = (from, cursor) =>
      cursor === undefined ? listOf(denials)(from, cursor) : Promise.reject(new Error('gone'));
    await expect(newDenials(seen, broken, 'quick')).rejects.toThrow('gone');
    expect(ids((await newDenials(seen, listOf(denials), 'quick')).denials)).toEqual(['1', '2', '3', '4']);
  });

  it('beyond what one look takes are said to be missing', async () => {
    const endless: ReadPage = async (_, cursor) => {
      const page = Number(cursor ?? 0);
      return { items: [denial(`x${page}`, 30)], nextCursor: String(page + 1) };
    };
    const look = await newDenials(new SeenDenials(at(0), 1_000), endless, 'thorough');
    expect([look.denials.length, look.complete]).toEqual([100, false]);
  });
});

describe('what was seen', () => {
  it('is forgotten beyond its time, and is not taken for new then', () => {
    const seen = new SeenDenials(at(0), 100);
    for (const second of [1, 2, 3]) seen.add(denial(String(second), second));
    expect(seen.forgetBefore(at(2))).toBe(false);
    expect(seen.floor).toBe(at(2));
    expect([1, 2, 3, 4].map((second) => seen.has(denial(String(second), second)))).toEqual([true, true, true, false]);
    expect(seen.add(denial('1', 1))).toBe(false);
  });

  it('never grows beyond its capacity, and nothing of a forgotten instant is shown again', () => {
    const seen = new SeenDenials(at(0), 4);
    for (const id of ['a', 'b', 'c', 'd', 'e']) seen.add(denial(id, 5));
    seen.add(denial('f', 6));
    expect(seen.forgetBefore(at(0))).toBe(true);
    expect(seen.floor).toBe('2026-11-24T06:00:05.001Z');
    expect(['a', 'e', 'f'].map((id) => seen.add(denial(id, id === 'f' ? 6 : 5)))).toEqual([false, false, false]);
    expect(seen.add(denial('g', 6))).toBe(true);
  });
});
