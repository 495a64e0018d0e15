import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gzipSegment, gzipStream, type GzipSegment } from './gzip-segments.js';

async function bytesOf(segments: readonly GzipSegment[]): Promise<Buffer> {
  const each = (async function* () {
    yield* segments;
  })();
  const chunks: Buffer[] = [];
  for await (const chunk of gzipStream(each)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('gzip segments', () => {
  it('make one gzip stream of any pieces, in any order and repeated, with the checksum and the size of all of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ maxLength: 3_000 }).map((text) => text.repeat(5))), async (texts) => {
        const segments = await Promise.all(texts.map((text) => gzipSegment(Buffer.from(text))));
        const again = [...segments, ...segments.toReversed()];
        const stream = await bytesOf(again);
        // gunzip compares the checksum and the size.
        expect(gunzipSync(stream).toString()).toBe([...texts, ...texts.toReversed()].join(''));
        expect(stream.readUInt16LE(stream.length - 10)).toBe(3);
      }),
      { numRuns: 100 },
    );
  });

  it('are seen to be broken off where the end is missing', async () => {
    const stream = await bytesOf([await gzipSegment(Buffer.from('policies'))]);
    expect(() => gunzipSync(stream.subarray(0, -10))).toThrow('unexpected end of file');
  });
});
