/** A policy of 1,000 entries takes some 80 KB; what exceeds this by so much is no policy. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** A line, or a frame, is longer than any policy can be. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';

  constructor() {
    super(`The control plane sent a line of more than ${MAX_LINE_BYTES} bytes; no relay policy is as long.`);
  }
}

/**
 * Splits a stream of bytes into lines. Empty lines are left out; the last one may lack its line feed.
 * @throws LineTooLong, without having buffered more than that.
 */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes =
      rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      if (end - start > MAX_LINE_BYTES) throw new LineTooLong();
      if (end > start) yield bytes.toString('utf8', start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > MAX_LINE_BYTES) throw new LineTooLong();
  }
  if (rest.length > 0) yield rest.toString('utf8');
}
