import {
  EMPTY_DIGEST,
  policyDigest,
  xorDigest,
  type Digest64,
  type RelayPolicy,
  type Revision,
  type UsernameKey,
} from '@postern/contracts';
import type { PolicyTotals } from '../policy-totals.js';
import type { UsernameOwnership } from './username-ownership.js';
import type { PolicyRow } from './policy-row.js';

/**
 * Decides for every touched username which row relays get, and gives the changed ones the next revisions.
 * Returns the totals after it and the rows to write, in an order that never has two published rows of one username.
 */
export function assignRevisions(
  owners: UsernameOwnership,
  before: PolicyTotals,
): { readonly totals: PolicyTotals; readonly rows: readonly PolicyRow[] } {
  let revision: number = before.revision;
  let policies = before.policies;
  let digest: Digest64 = before.digest;
  const unpublished: PolicyRow[] = [];
  const published: PolicyRow[] = [];
  for (const username of owners.touched) {
    const rows = owners.rowsOf(username);
    const was = rows.find((row) => row.revision !== null);
    const now = publishedOf(rows, username);
    if (was) {
      // A loaded row's digest is still the published one: only this function changes it, once a batch.
      digest = xorDigest(digest, was.digest);
      policies -= isEmpty(was.digest) ? 0 : 1;
    }
    for (const row of rows) if (row.changed) row.digest = policyDigest(lineOf(row));
    digest = xorDigest(digest, now.digest);
    policies += isEmpty(now.digest) ? 0 : 1;
    for (const row of rows) {
      const isNew = row === now && (row.changed || row !== was);
      if (isNew) row.revision = ++revision as Revision;
      else if (row !== now && row.revision !== null) Object.assign(row, { revision: null, changed: true });
      if (isNew) published.push(row);
      else if (row.changed) unpublished.push(row);
    }
  }
  return { totals: { revision: revision as Revision, policies, digest }, rows: [...unpublished, ...published] };
}

/** The one that holds the username; of two who seem to, the one who took it last: the event that releases the other is still on its way. */
function publishedOf(rows: readonly PolicyRow[], username: UsernameKey): PolicyRow {
  let best: PolicyRow | undefined;
  for (const row of rows) {
    const better =
      !best || (best.removed === row.removed ? row.claimedAt > best.claimedAt : best.removed && !row.removed);
    if (better) best = row;
  }
  if (!best) throw new Error(`No row of the touched username ${username} is known.`);
  return best;
}

/** 2^-64 is the chance that a policy that is not removed has it. */
function isEmpty(digest: Digest64): boolean {
  return digest.high === EMPTY_DIGEST.high && digest.low === EMPTY_DIGEST.low;
}

function lineOf(row: PolicyRow): RelayPolicy {
  const { username, tenantId, smtpUserId, version, removed, rules } = row;
  const { restricted, mode, entries } = rules;
  return { username, tenantId, smtpUserId, restricted, mode, entries, version, revision: 0 as Revision, removed };
}
