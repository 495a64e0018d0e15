import type { ServerResponse } from 'node:http';

export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
  constructor(readonly why: 'left' | 'stalled') {
    super(`The reader ${why}.`);
  }
}

/** The connection is still open. */
export class KeyRevoked extends Error {
  override readonly name = 'KeyRevoked';
}

export interface Reader {
  readonly response: ServerResponse;
  /** The reader must read 64 KiB within this time. */
  readonly stalledMs: number;
  readonly revoked: AbortSignal;
}

/** Also the most that waits in this process. */
const SLICE_BYTES = 65_536;

/** Writes as fast as the reader reads. @throws `KeyRevoked`; `ReaderGone`, then the connection has ended. */
export async function writeAll(reader: Reader, text: string): Promise<void> {
  const { response, revoked } = reader;
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    if (response.destroyed) throw new ReaderGone('left');
    if (revoked.aborted) throw new KeyRevoked();
    if (!response.write(bytes.subarray(from, from + SLICE_BYTES))) await happens(reader, 'drain');
  }
}

/** Waits until the reader has read the rest. @throws `KeyRevoked`, `ReaderGone`. */
export async function endComplete(reader: Reader): Promise<void> {
  if (reader.response.destroyed) throw new ReaderGone('left');
  const finished = happens(reader, 'finish');
  reader.response.end();
  await finished;
}

/** @throws `KeyRevoked` as soon as the key is revoked; the work then ends by its own time-outs. */
export async function unlessRevoked<T>({ revoked }: Reader, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new KeyRevoked());
  revoked.addEventListener('abort', stop);
  try {
    if (revoked.aborted) stop();
    return await Promise.race([work, promise]);
  } finally {
    revoked.removeEventListener('abort', stop);
  }
}

/**
 * Ends without the last chunk (RFC 9112, section 8), which every HTTP client reports as an error. If the reader does not read the rest within
 * `withinMs`, resets the connection, which frees the kernel's buffer.
 */
export function cutOff(response: ServerResponse, withinMs: number): void {
  const drop = setTimeout(() => response.socket?.resetAndDestroy(), withinMs).unref();
  response.once('close', () => clearTimeout(drop));
  // Node corks a socket until the next tick, and destroySoon would drop what is corked.
  setImmediate(() => response.socket?.destroySoon());
}

async function happens(reader: Reader, event: 'drain' | 'finish'): Promise<void> {
  const { response, stalledMs } = reader;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const left = (): void => reject(new ReaderGone('left'));
  const timer = setTimeout(() => reject(new ReaderGone('stalled')), stalledMs);
  response.once(event, resolve).once('close', left);
  try {
    await unlessRevoked(reader, promise);
  } catch (error) {
    if (error instanceof ReaderGone) response.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    response.off(event, resolve).off('close', left);
  }
}
