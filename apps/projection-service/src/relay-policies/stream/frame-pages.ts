import type { PolicyLag, Revision } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import { heartbeatOf, type PolicyTotals, totalsOf, type TotalsRecord } from '../policy-totals.js';
import { POLICY_LINES } from '../policy-lines.js';

export interface ChangedPolicy {
  readonly revision: Revision;
  readonly line: string;
}

/** Consecutive changes, `after` to `upTo`, as the bytes of their SSE events: created once, written to every client. */
export class FramePage {
  private readonly bytes: Buffer;
  private readonly revisions: readonly Revision[];
  private readonly offsets: readonly number[];

  /** @param totals those after the last change, if no other followed it; `upTo` is then their revision. */
  constructor(
    readonly after: Revision,
    changes: readonly ChangedPolicy[],
    readonly totals: PolicyTotals | null,
  ) {
    const frames = changes.map(({ revision, line }) => `id: ${revision}\nevent: policy\ndata: ${line}\n\n`);
    let offset = 0;
    // Usernames, ranges and ids are ASCII, so a character is a byte.
    this.offsets = frames.map((frame) => (offset += frame.length) - frame.length);
    this.bytes = Buffer.from(frames.join(''), 'latin1');
    this.revisions = changes.map(({ revision }) => revision);
  }

  get upTo(): Revision {
    return this.totals?.revision ?? this.revisions.at(-1) ?? this.after;
  }

  get size(): number {
    return this.bytes.length;
  }

  behind(position: Revision): Buffer {
    if (position <= this.after) return this.bytes;
    const index = this.revisions.findIndex((revision) => revision > position);
    return index === -1 ? this.bytes.subarray(this.bytes.length) : this.bytes.subarray(this.offsets[index]);
  }
}

export function heartbeatFrame(totals: PolicyTotals, lag: PolicyLag): Buffer {
  return sseEvent('heartbeat', heartbeatOf(totals, lag));
}

export const RESET_REASONS = ['last-event-id-missing', 'last-event-id-malformed', 'revision-ahead'] as const;
export type ResetReason = (typeof RESET_REASONS)[number];

export function resetFrame(reason: ResetReason): Buffer {
  return sseEvent('reset', { reason });
}

export function sseEvent(event: string, data: unknown): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** A full allow list makes a line of about 60 kB: a page has 15 MB at most, and usually 100 kB. */
const POLICIES_PER_PAGE = 256;

/** The client has applied a revision that this database never had: it was restored from a backup, or is another one. */
export class RevisionAhead extends Error {
  override readonly name = 'RevisionAhead';
  constructor(
    applied: Revision,
    readonly current: Revision,
  ) {
    super(`Revision ${applied} is ahead of the current one, ${current}: take a snapshot.`);
  }
}

/** Of one instant. A policy that changed several times is there once, in its latest state. @throws `RevisionAhead`. */
export async function readFramePage(from: DataSource, after: Revision): Promise<FramePage> {
  const records = await from.query<PageRecord[]>(PAGE, [after, POLICIES_PER_PAGE]);
  const [first] = records;
  if (!first) throw new Error('projection.relay_policy_totals has lost its row.');
  const totals = totalsOf(first);
  if (totals.revision < after) throw new RevisionAhead(after, totals.revision);
  const changes = records.flatMap(({ changed_at: changedAt, line }) =>
    changedAt === null || line === null ? [] : [{ revision: Number(changedAt) as Revision, line }],
  );
  return new FramePage(after, changes, changes.length < POLICIES_PER_PAGE ? totals : null);
}

const PAGE = `
  SELECT totals.revision, totals.policies, totals.digest, line.revision AS changed_at, row_to_json(line)::text AS line
    FROM projection.relay_policy_totals totals
    LEFT JOIN LATERAL (${POLICY_LINES} WHERE revision > $1 ORDER BY revision LIMIT $2) line ON true
   ORDER BY line.revision`;

interface PageRecord extends TotalsRecord {
  readonly changed_at: string | null;
  readonly line: string | null;
}

/** The last pages without a gap, so that relays resume after a short break without a query. */
export class RecentPages {
  private pages: FramePage[] = [];
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  add(page: FramePage): void {
    if (page.upTo === page.after) return;
    this.pages.push(page);
    this.bytes += page.size;
    while (this.bytes > this.maxBytes && this.pages.length > 1) this.bytes -= this.pages.shift()?.size ?? 0;
  }

  /** The page with the change after the position; null if it is too old or does not exist yet. */
  following(position: Revision): FramePage | null {
    let [low, high] = [0, this.pages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.pages[middle]?.upTo ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    const page = this.pages[low];
    return page && page.after <= position ? page : null;
  }

  clear(): void {
    this.pages = [];
    this.bytes = 0;
  }
}
