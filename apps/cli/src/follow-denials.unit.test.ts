import type { Denial, Page } from '@postern/contracts';
import { describe, expect, it } from '@jest/globals';
import { EXIT, Failure, RequestRefused } from './failure.js';
import { followDenials } from './follow-denials.js';

const denial = (id: string) => ({ id, occurredAt: new Date().toISOString() }) as Denial;

/** Follows a list that gives one answer after the other; ends with the last one. */
async function follow(answers: readonly (Error | readonly Denial[])[], last = 0): Promise<string[]> {
  const shown: string[] = [];
  const stop = new AbortController();
  let look = 0;
  const read = async (): Promise<Page<Denial>> => {
    const answer = answers[look] ?? [];
    look += 1;
    if (look >= answers.length) stop.abort();
    if (answer instanceof Error) throw answer;
    return { items: answer, nextCursor: null };
  };
  await followDenials({
    read,
    intervalMs: 1,
    lateMs: 60_000,
    last,
    show: ({ id }) => shown.push(id),
    aside: (text) => shown.push(text),
    signal: stop.signal,
  });
  return shown;
}

const WAITING = 'Waiting for denials. Ctrl-C ends it.';

describe('following denials', () => {
  it('shows what comes after the beginning, or begins with the last ones', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map(denial) as [Denial, Denial, Denial];
    expect(
      await follow([
        [a, b],
        [c, a, b],
        [c, a, b],
      ]),
    ).toEqual([WAITING, 'c']);
    expect(await follow([[a, b], [c, a, b], []], 1)).toEqual(['b', WAITING, 'c']);
  });

  it('waits for a Postern that is away, says so once, and misses nothing', async () => {
    const away = new Failure(EXIT.unavailable, 'Postern cannot be reached.');
    const busy = new RequestRefused({ title: 'Too many requests' }, 429, undefined);
    expect(await follow([[], away, busy, [denial('a')], []])).toEqual([
      WAITING,
      'Postern cannot be reached. Trying on …',
      'Postern is back.',
      'a',
    ]);
  });

  it('ends where Postern refuses it, and where the first look fails', async () => {
    const revoked = new RequestRefused({ title: 'The API key is not valid' }, 401, undefined);
    await expect(follow([[], revoked, []])).rejects.toBe(revoked);
    const away = new Failure(EXIT.unavailable, 'Postern cannot be reached.');
    await expect(follow([away, []])).rejects.toBe(away);
  });
});
