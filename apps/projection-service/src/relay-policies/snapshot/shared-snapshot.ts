import { digestFromHex, digestToHex, EMPTY_DIGEST, xorDigest, type Digest64 } from '@postern/contracts';
import type { QueryRunner } from 'typeorm';
import { POLICY_MEMBERS } from '../policy-lines.js';
import type { PolicyTotals } from '../policy-totals.js';
import { gzipSegment, type GzipSegment } from './gzip-segments.js';

export interface PolicySegment extends GzipSegment {
  readonly after: string;
  readonly policies: number;
  readonly digest: Digest64;
}

/**
 * All policies at one instant, in segments. All readers share them, and the next snapshot reuses unchanged ones.
 *
 * | state    | next                                                |
 * | -------- | --------------------------------------------------- |
 * | growing  | complete, or failed; readers follow it as it grows  |
 * | complete | (end)                                               |
 * | failed   | (end); its readers are disconnected                 |
 */
export class SharedSnapshot {
  readonly segments: PolicySegment[] = [];
  state: 'growing' | 'complete' | 'failed' = 'growing';
  private changed = Promise.withResolvers<void>();

  constructor(readonly totals: PolicyTotals) {}

  get fits(): boolean {
    const digest = this.segments.reduce((sum, segment) => xorDigest(sum, segment.digest), EMPTY_DIGEST);
    const policies = this.segments.reduce((sum, segment) => sum + segment.policies, 0);
    return policies === this.totals.policies && digestToHex(digest) === digestToHex(this.totals.digest);
  }

  add(segment: PolicySegment): void {
    this.segments.push(segment);
    this.wake();
  }

  end(state: 'complete' | 'failed'): void {
    this.state = state;
    this.wake();
  }

  /** Every segment, waiting for those that are not read yet. @throws if the snapshot fails. */
  async *read(): AsyncGenerator<PolicySegment> {
    for (let next = 0; ; next++) {
      while (next === this.segments.length) {
        if (this.state === 'complete') return;
        if (this.state === 'failed')
          throw new Error('The snapshot of the relay policies could not be read to its end.');
        await this.changed.promise;
      }
      yield this.segments[next] as PolicySegment;
    }
  }

  private wake(): void {
    this.changed.resolve();
    this.changed = Promise.withResolvers<void>();
  }
}

const USERS_PER_SEGMENT = 512;
/** A segment ends with the line that reaches this size. A full allow list makes a line of about 80 kB. */
export const SEGMENT_BYTES = 1_048_576;
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The users with ids after `after`, up to `upTo`. PostgreSQL reads a segment while the previous one is compressed. */
export async function* readSegments(runner: QueryRunner, after: string, upTo: string): AsyncGenerator<PolicySegment> {
  let pending: Promise<PolicySegment> | null = null;
  let users = USERS_PER_SEGMENT;
  for (let from = after; ;) {
    const [page] = (await runner.query(SEGMENT, [from, upTo, users, SEGMENT_BYTES])) as SegmentRecord[];
    if (pending) yield await pending;
    if (!page?.lines) return;
    pending = segmentOf(from, page);
    // Awaited above; this only prevents an unhandled rejection.
    pending.catch(() => undefined);
    from = page.last;
    // With long lists, do not let PostgreSQL write many lines that are dropped.
    users = Math.min(USERS_PER_SEGMENT, 2 * page.policies);
  }
}

async function segmentOf(after: string, { policies, digest, lines }: SegmentRecord): Promise<PolicySegment> {
  // Usernames, ranges and ids are ASCII.
  const compressed = await gzipSegment(Buffer.from(lines, 'latin1'));
  return { ...compressed, after, policies, digest: digestFromHex(digest) };
}

/** One row, so that the driver reads one text. By the primary key: ids rise with time, like the rows on disk. */
const SEGMENT = `
  SELECT count(*)::integer AS policies, max(id) AS last, string_agg(line, '') AS lines,
         lpad(to_hex(bit_xor(('x' || encode(digest, 'hex'))::bit(64)::bigint)), 16, '0') AS digest
    FROM (SELECT id, digest, line,
                 sum(octet_length(line)) OVER (ORDER BY smtp_user_id ROWS UNBOUNDED PRECEDING) - octet_length(line) AS before
            FROM (SELECT smtp_user_id, smtp_user_id::text COLLATE "C" AS id, digest,
                         (SELECT row_to_json(line)::text FROM (SELECT ${POLICY_MEMBERS}) line) || E'\\n' AS line
                    FROM projection.relay_policies
                   WHERE revision IS NOT NULL AND NOT removed AND smtp_user_id > $1 AND smtp_user_id <= $2
                   ORDER BY smtp_user_id LIMIT $3) users) sized
   WHERE before < $4`;

interface SegmentRecord {
  readonly policies: number;
  readonly last: string;
  readonly lines: string;
  readonly digest: string;
}
