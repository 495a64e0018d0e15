import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Why a reader gets no more rows: it disconnected, it did not read, or its key was revoked. */
export type Ending = 'left' | 'stalled' | 'key-revoked';

export interface Reader {
  readonly response: ServerResponse;
  /** The reader must read 64 KiB within this time. */
  readonly stalledMs: number;
  /** It aborts with an `Ending` as its reason. */
  readonly ending: AbortController;
}

/** Also the most that waits in this process. */
const SLICE_BYTES = 65_536;

/** Writes as fast as the reader reads. @throws the `Ending`. */
export async function writeAll(reader: Reader, text: string): Promise<void> {
  const { response, ending } = reader;
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    ending.signal.throwIfAborted();
    if (!response.write(bytes.subarray(from, from + SLICE_BYTES))) await happens(reader, 'drain');
  }
}

/** Waits until the reader has read the rest. @throws the `Ending`. */
export async function endComplete(reader: Reader): Promise<void> {
  reader.ending.signal.throwIfAborted();
  reader.response.end();
  await happens(reader, 'finish');
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

async function happens({ response, stalledMs, ending }: Reader, event: 'drain' | 'finish'): Promise<void> {
  const stalled = setTimeout(() => ending.abort('stalled' satisfies Ending), stalledMs);
  try {
    await once(response, event, { signal: ending.signal });
  } catch (error) {
    ending.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(stalled);
  }
}
