import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { POLICY_LINES, type PolicyTotals } from '../published-policies.js';

const CHUNK_BYTES = 65_536;

/** One column in CSV without quotes, because JSON has neither of the two characters: each row is a line of NDJSON. */
const LINES = `
  COPY (SELECT row_to_json(line) FROM (${POLICY_LINES} WHERE revision IS NOT NULL AND NOT removed) line)
    TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`;

/**
 * All policies at one instant: compressed lines in memory, which all readers share.
 *
 * | state    | next                                                |
 * | -------- | --------------------------------------------------- |
 * | growing  | complete, or failed; readers follow it as it grows  |
 * | complete | (end)                                               |
 * | failed   | (end); its readers are disconnected                 |
 */
export class SharedSnapshot {
  state: 'growing' | 'complete' | 'failed' = 'growing';
  private readonly chunks: Buffer[] = [];
  private changed = Promise.withResolvers<void>();

  constructor(readonly totals: PolicyTotals) {}

  /** `client` has a transaction at the instant of the totals. @throws the database's error, the reason of `stop`. */
  async fill(client: Client, stop: AbortSignal): Promise<void> {
    // Level 1 needs a quarter of the CPU for a tenth more bytes.
    const compressed = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: CHUNK_BYTES });
    const keep = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of chunks) {
        this.chunks.push(chunk);
        this.wake();
      }
    };
    try {
      await pipeline(client.query(copyTo(LINES)), compressed, keep, { signal: stop });
      this.state = 'complete';
    } finally {
      if (this.state === 'growing') this.state = 'failed';
      this.wake();
    }
  }

  /** Every chunk, waiting for those that are not read yet. @throws if the snapshot fails. */
  async *read(): AsyncGenerator<Buffer> {
    for (let next = 0; ; next++) {
      while (next === this.chunks.length) {
        if (this.state === 'complete') return;
        if (this.state === 'failed')
          throw new Error('The snapshot of the relay policies could not be read to its end.');
        await this.changed.promise;
      }
      yield this.chunks[next] as Buffer;
    }
  }

  private wake(): void {
    this.changed.resolve();
    this.changed = Promise.withResolvers<void>();
  }
}
