import type { Readable } from 'node:stream';

class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
  constructor(maxBytes: number) {
    super(`A line has more than ${maxBytes} bytes.`);
  }
}

/** Without LF, one character per byte (latin1). Drops a last line without LF. Uses at most `maxBytes` and one chunk of memory. @throws `LineTooLong`. */
export async function* boundedLines(stream: Readable, maxBytes: number): AsyncGenerator<string[], void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: string[] = [];
    let start = 0;
    // The bytes before this chunk have no LF.
    for (let end = bytes.indexOf(10, rest.length); end >= 0; end = bytes.indexOf(10, start)) {
      if (end - start > maxBytes) throw new LineTooLong(maxBytes);
      lines.push(bytes.toString('latin1', start, end));
      start = end + 1;
    }
    // A copy: a few bytes of a slow peer would keep the chunk's 64 KiB in memory.
    rest = Buffer.from(bytes.subarray(start));
    if (rest.length > maxBytes) throw new LineTooLong(maxBytes);
    if (lines.length > 0) yield lines;
  }
}
