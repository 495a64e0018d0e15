import type { Schema } from './schema.js';
import { describe, expect, it } from '@jest/globals';
import { EXIT, Failure, RequestRefused } from './failure.js';
import { followDenials } from './follow-denials.js';

const away = () => new Failure(EXIT.unavailable, 'Postern cannot be reached.');
const revoked = new RequestRefused({ title: 'The API key is not valid' }, 401);
const event = (name: string, id: string, data: object = { id }) =>
  `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

type Answer = Error | readonly string[] | 'silence';

/** Follows a Postern that gives one answer after the other, each a stream of these events, and ends after the last one. */
async function follow(answers: readonly Answer[], silenceMs = 60_000) {
  const shown: string[] = [];
  const resumedAfter: (string | null)[] = [];
  const stop = new AbortController();
  await followDenials({
    open: async (lastEventId, signal) => {
      const answer = answers[resumedAfter.push(lastEventId) - 1] ?? away();
      if (resumedAfter.length > answers.length) stop.abort();
      if (answer instanceof Error) throw answer;
      if (answer === 'silence')
        return new ReadableStream({
          start: (stream) => signal.addEventListener('abort', () => stream.error(signal.reason)),
        });
      return new Blob([...answer]).stream();
    },
    onOpen: async () => void shown.push('open'),
    show: ({ id }: Schema<'Denial'>) => shown.push(id),
    remark: (text) => shown.push(text),
    signal: stop.signal,
    retryMs: 1,
    silenceMs,
  });
  return { shown, resumedAfter };
}

const LOST = 'The connection to Postern is lost. Trying again …';
const BACK = 'Postern is back.';

describe('following denials', () => {
  it('shows each denial, and resumes after the last event where the stream broke off', async () => {
    expect(await follow([[event('denial', 'a'), event('heartbeat', 'b')], away(), [event('denial', 'c')]])).toEqual({
      shown: ['open', 'a', LOST, BACK, 'c', LOST],
      resumedAfter: [null, 'b', 'b', 'c'],
    });
  });

  it('tries again after too many requests, and when the connection is silent', async () => {
    const busy = new RequestRefused({ title: 'Too many requests' }, 429);
    const { shown } = await follow([[], busy, 'silence', [event('denial', 'a')]], 50);
    expect(shown).toEqual(['open', LOST, BACK, LOST, BACK, 'a', LOST]);
  });

  it('says that denials may be missing when the stream cannot resume', async () => {
    const { shown } = await follow([[event('reset', 'a', { reason: 'last-event-id-too-old' })]]);
    expect(shown).toEqual(['open', expect.stringContaining('`postern denials` shows all'), LOST]);
  });

  it('ends if Postern refuses it, and if the first attempt fails', async () => {
    await expect(follow([[], revoked])).rejects.toBe(revoked);
    const first = away();
    await expect(follow([first])).rejects.toBe(first);
  });
});
