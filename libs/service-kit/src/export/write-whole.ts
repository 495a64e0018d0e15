import type { ServerResponse } from 'node:http';

/** The reader went away, or was dropped for standing still: there is nobody to tell anything. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
  constructor(readonly why: 'left' | 'stalled') {
    super(`The reader ${why}.`);
  }
}

/** So much must be taken by the reader within the limit; it is also the most that waits in this process for it. */
const SLICE_BYTES = 65_536;

/** Writes the text as fast as the reader takes it. Throws `ReaderGone`; then the connection has ended. */
export async function writeWhole(response: ServerResponse, text: string, stalledMs: number): Promise<void> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    if (response.destroyed) throw new ReaderGone('left');
    if (!response.write(bytes.subarray(from, from + SLICE_BYTES))) await happens(response, 'drain', stalledMs);
  }
}

/** Ends the answer as a whole one, once the reader has taken the rest. Throws `ReaderGone`. */
export async function endWhole(response: ServerResponse, stalledMs: number): Promise<void> {
  if (response.destroyed) throw new ReaderGone('left');
  const finished = happens(response, 'finish', stalledMs);
  response.end();
  await finished;
}

/**
 * Ends the connection behind what was written, but without the last chunk that would make it a whole answer (RFC 9112,
 * section 8): every HTTP client reports that as an error.
 */
export function cutOff(response: ServerResponse, stalledMs: number): void {
  const drop = setTimeout(() => response.destroy(), stalledMs).unref();
  response.once('close', () => clearTimeout(drop));
  // Node corks a socket until the next tick, and destroySoon would throw away what waits there.
  setImmediate(() => response.socket?.destroySoon());
}

function happens(response: ServerResponse, event: 'drain' | 'finish', withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      response.off(event, happened).off('close', left);
    };
    const happened = (): void => {
      end();
      resolve();
    };
    const gone = (why: ReaderGone['why']): void => {
      end();
      response.destroy();
      reject(new ReaderGone(why));
    };
    const left = (): void => gone('left');
    const timer = setTimeout(() => gone('stalled'), withinMs);
    response.on(event, happened).on('close', left);
  });
}
