import type { Revision } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import { POLICY_LINES } from '../policy-lines.js';
import { totalsOf, type TotalsRecord } from '../policy-totals.js';
import { FramePage } from './frame-page.js';

/** A full allow list makes a line of some 60 kB, so a page is at most 15 MB, and as a rule 100 kB. */
const POLICIES_PER_PAGE = 256;

/** Somebody has applied more than this database ever had: it was restored from a backup, or is another one. */
export class RevisionAhead extends Error {
  override readonly name = 'RevisionAhead';
  constructor(
    asked: Revision,
    readonly current: Revision,
  ) {
    super(`Revision ${asked} is ahead of the current one, ${current}: take a snapshot.`);
  }
}

/**
 * The next changes behind `after`, and the totals if those were the last: one statement, so both are of one instant.
 * A policy that changed several times comes once, as it stands. Throws `RevisionAhead`.
 */
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

/** By the index relay_policies_by_revision. */
const PAGE = `
  SELECT totals.revision, totals.policies, totals.digest, line.revision AS changed_at, row_to_json(line)::text AS line
    FROM projection.relay_policy_totals totals
    LEFT JOIN LATERAL (${POLICY_LINES} WHERE revision > $1 ORDER BY revision LIMIT $2) line ON true
   ORDER BY line.revision`;

interface PageRecord extends TotalsRecord {
  readonly changed_at: string | null;
  readonly line: string | null;
}
