import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_TENANT_REPLY, type RelayReply, type TenantId, type TenantReply } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import { POLICY_LINES, totalsOf, type PolicyTotals, type TotalsRecord } from '../published-policies.js';
import { FramePage, sseEvent, type Change } from './frame-pages.js';

/** A full allow list makes a line of about 60 kB: a page has 15 MB at most, and usually 100 kB. */
const POLICIES_PER_PAGE = 256;
const REPLIES_PER_PAGE = 1_000;

/** A relay has applied a revision that this database never had: it was restored from a backup, or is another one. */
export class RevisionAhead extends Error {
  override readonly name = 'RevisionAhead';
  constructor(applied: number, current: number) {
    super(`Revision ${applied} is ahead of the current one, ${current}: take a snapshot.`);
  }
}

/**
 * The policies with revisions above `after`, at one instant; null: an empty page at the end. A policy that changed several times is there once,
 * in its latest state. @throws `RevisionAhead`.
 */
export async function readPolicies(from: DataSource, after: number | null): Promise<FramePage<PolicyTotals>> {
  const records = await from.query<PolicyRecord[]>(POLICIES, [after, POLICIES_PER_PAGE]);
  const [first] = records;
  if (!first) throw new Error('projection.relay_policy_totals has lost its row.');
  const changes = records.flatMap(({ changed_at: at, line }) =>
    at === null ? [] : [{ revision: Number(at), frame: `id: ${at}\nevent: policy\ndata: ${line}\n\n` }],
  );
  const more = changes.length === POLICIES_PER_PAGE ? Number(records.at(-1)?.changed_at) : null;
  return pageOf(after, changes, totalsOf(first), more);
}

/**
 * The tenants' replies with revisions above `after`; null: an empty page at the end; -1: from the beginning, without default ones.
 * `from` is connected as `postern_access`. @throws `RevisionAhead`.
 */
export async function readReplies(
  from: DataSource,
  after: number | null,
): Promise<FramePage<{ readonly revision: number }>> {
  const records = await from.query<ReplyRecord[]>(REPLIES, [after, REPLIES_PER_PAGE]);
  const changes = records.flatMap(({ revision, tenant_id: tenantId, reply }) =>
    reply === null || (after === -1 && isDeepStrictEqual(reply, DEFAULT_TENANT_REPLY))
      ? []
      : [{ revision: Number(revision), frame: sseEvent('reply', { tenantId, ...reply } satisfies RelayReply) }],
  );
  const more = records.length === REPLIES_PER_PAGE ? Number(records.at(-1)?.revision) : null;
  return pageOf(after, changes, { revision: Number(records[0]?.last) }, more);
}

/** @param more the revision of a full page's last row; null: no row follows */
function pageOf<End extends { readonly revision: number }>(
  after: number | null,
  changes: readonly Change[],
  end: End,
  more: number | null,
): FramePage<End> {
  if (after !== null && end.revision < after) throw new RevisionAhead(after, end.revision);
  return new FramePage(after ?? end.revision, more ?? end.revision, changes, more === null ? end : null);
}

const POLICIES = `
  SELECT totals.revision, totals.policies, totals.digest, line.revision AS changed_at, row_to_json(line)::text AS line
    FROM projection.relay_policy_totals totals
    LEFT JOIN LATERAL (${POLICY_LINES} WHERE revision > coalesce($1::bigint, totals.revision) ORDER BY revision LIMIT $2) line ON true
   ORDER BY line.revision`;

interface PolicyRecord extends TotalsRecord {
  /** Null, like the line: nothing has changed. */
  readonly changed_at: string | null;
  readonly line: string | null;
}

/** Uses the index tenant_replies_by_revision. */
const REPLIES = `
  SELECT all_of_them.revision AS last, changed.*
    FROM (SELECT coalesce(max(revision), 0) AS revision FROM access.tenant_replies) all_of_them
    LEFT JOIN LATERAL (SELECT tenant_id, reply, revision FROM access.tenant_replies
                        WHERE revision > coalesce($1::bigint, all_of_them.revision) ORDER BY revision LIMIT $2) changed ON true
   ORDER BY changed.revision`;

interface ReplyRecord {
  readonly last: string;
  readonly tenant_id: TenantId;
  /** Null: nothing has changed. */
  readonly reply: TenantReply | null;
  readonly revision: string;
}
