import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Query } from '../connection/postern-api.js';
import { EXIT } from '../exit-codes.js';
import { Failure } from '../failure.js';
import type { Session } from '../session.js';

/**
 * Streams the whole of a list to standard output, as fast as that takes it, holding none of it.
 * Throws a failure where it breaks off: what was written is then not all.
 */
export async function exportList(session: Session, path: string, query: Query, mediaType: string): Promise<void> {
  const stream = await session.api.stream(path, query, mediaType);
  try {
    await pipeline(Readable.fromWeb(stream as ReadableStream), process.stdout, { end: false });
  } catch (error) {
    // Whoever reads it had enough, as `head` does.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return;
    throw new Failure(EXIT.unavailable, 'The export broke off: what was written is not all of it. Run it again.', {
      cause: error,
    });
  }
}
