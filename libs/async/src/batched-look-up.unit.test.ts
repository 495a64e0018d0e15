import { describe, expect, it } from '@jest/globals';
import { BatchedLookUp } from './batched-look-up.js';

/** A look-up whose queries end when the test says so; an even id is found. */
function lookUp(bounds = { batch: 3, waiting: 5 }) {
  const queries: (readonly number[])[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const load = async (ids: readonly number[]) => {
    queries.push(ids);
    await new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
    return new Map(ids.filter((id) => id % 2 === 0).map((id) => [id, `found ${id}`] as const));
  };
  const looking = new BatchedLookUp<number, string>(load, bounds, () => new Error('too many wait'));
  return { looking, queries, ends };
}
const settled = () => new Promise((done) => setImmediate(done));

describe('look-ups by id', () => {
  it('run one query at a time, and the next asks for what came meanwhile, in that order, each id once', async () => {
    const { looking, queries, ends } = lookUp();
    const found = [1, 2, 3, 3, 4, 5].map((id) => looking.find(id));
    await settled();
    expect(queries).toEqual([[1]]);
    ends[0]?.();
    await settled();
    expect(queries).toEqual([[1], [2, 3, 4]]);
    ends[1]?.();
    await settled();
    ends[2]?.();
    expect(await Promise.all(found)).toEqual([null, 'found 2', null, null, 'found 4', null]);
    expect(queries).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('fail with their query, and the next query is asked all the same', async () => {
    const { looking, ends } = lookUp();
    const [first, second] = [looking.find(2), looking.find(4)];
    await settled();
    ends[0]?.(new Error('the database is gone'));
    await expect(first).rejects.toThrow('the database is gone');
    await settled();
    ends[1]?.();
    await expect(second).resolves.toBe('found 4');
  });

  it('are refused where as many wait as may', async () => {
    const { looking, ends } = lookUp({ batch: 3, waiting: 1 });
    const found = [looking.find(2)];
    found.push(looking.find(4));
    await expect(looking.find(6)).rejects.toThrow('too many wait');
    ends[0]?.();
    await settled();
    ends[1]?.();
    expect(await Promise.all(found)).toEqual(['found 2', 'found 4']);
  });
});
