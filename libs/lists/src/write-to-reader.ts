import type { ServerResponse } from 'node:http';

/** The reader went away, or was dropped for standing still: there is nobody to tell anything. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
  constructor(readonly why: 'left' | 'stalled') {
    super(`The reader ${why}.`);
  }
}

/** The key of the reader was revoked. The connection is still open. */
export class KeyRevoked extends Error {
  override readonly name = 'KeyRevoked';
  constructor() {
    super('The API key was revoked.');
  }
}

/** How a reader is waited for. */
export interface Patience {
  /** A reader that takes no 64 KiB within this is dropped. */
  readonly stalledMs: number;
  /** Aborted when its key is revoked. */
  readonly revoked: AbortSignal;
}

/** So much must be taken by the reader within the limit; it is also the most that waits in this process for it. */
const SLICE_BYTES = 65_536;

/** Writes the text as fast as the reader takes it. Throws `KeyRevoked`, or `ReaderGone`; then the connection has ended. */
export async function writeWhole(response: ServerResponse, text: string, patience: Patience): Promise<void> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    if (response.destroyed) throw new ReaderGone('left');
    if (patience.revoked.aborted) throw new KeyRevoked();
    if (!response.write(bytes.subarray(from, from + SLICE_BYTES))) await happens(response, 'drain', patience);
  }
}

/** Ends the answer as a whole one, once the reader has taken the rest. Throws `KeyRevoked` or `ReaderGone`. */
export async function endWhole(response: ServerResponse, patience: Patience): Promise<void> {
  if (response.destroyed) throw new ReaderGone('left');
  const finished = happens(response, 'finish', patience);
  response.end();
  await finished;
}

/**
 * Ends the connection behind what was written, but without the last chunk that would make it a whole answer (RFC 9112,
 * section 8): every HTTP client reports that as an error. A reader that does not take the rest within `withinMs` is reset: the
 * kernel forgets what it holds for it.
 */
export function cutOff(response: ServerResponse, withinMs: number): void {
  const drop = setTimeout(() => response.socket?.resetAndDestroy(), withinMs).unref();
  response.once('close', () => clearTimeout(drop));
  // Node corks a socket until the next tick, and destroySoon would throw away what waits there.
  setImmediate(() => response.socket?.destroySoon());
}

function happens(response: ServerResponse, event: 'drain' | 'finish', { stalledMs, revoked }: Patience): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      response.off(event, happened).off('close', left);
      revoked.removeEventListener('abort', keyRevoked);
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
    const keyRevoked = (): void => {
      end();
      reject(new KeyRevoked());
    };
    const timer = setTimeout(() => gone('stalled'), stalledMs);
    revoked.addEventListener('abort', keyRevoked);
    response.on(event, happened).on('close', left);
  });
}
