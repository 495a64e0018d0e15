import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

const MOST_BYTES = 1_048_576;
const LONGEST_MS = 2_000;

/** Closing the connection while a client sends would reset it: it would never read the answer (RFC 9112, 9.6). */
export function answerAboveBody(text: string, request: IncomingMessage): Readable {
  return Readable.from(textThenBody(text, request), { objectMode: false });
}

async function* textThenBody(text: string, request: IncomingMessage): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
  await discarded(request);
}

function discarded(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let left = MOST_BYTES;
    const count = (chunk: Buffer | string): void => {
      left -= chunk.length;
      if (left < 0) end();
    };
    const end = (): void => {
      clearTimeout(timer);
      request.off('data', count).off('end', end).off('close', end).off('error', end);
      resolve();
    };
    const timer = setTimeout(end, LONGEST_MS);
    request.on('end', end).on('close', end).on('error', end).on('data', count);
    if (request.readableEnded || request.destroyed) end();
  });
}
