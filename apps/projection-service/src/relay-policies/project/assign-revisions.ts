import {
  EMPTY_DIGEST,
  policyDigest,
  xorDigest,
  type Digest64,
  type RelayPolicy,
  type Revision,
  type UsernameKey,
} from '@postern/contracts';
import type { PolicyTotals } from '../published-policies.js';
import type { UsernameOwnership } from './username-ownership.js';
import type { PolicyRow } from './policy-row.js';

/** Returns the new totals and the rows to write, in an order that never has two published rows of one username. */
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
      // A loaded row still has its published digest: only this function changes it, once per batch.
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

/** The row of the username's owner; if two seem to own it, the later one: a release has not arrived yet. */
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

/** A policy that is not removed has this digest with a chance of 2^-64. */
function isEmpty(digest: Digest64): boolean {
  return digest.high === EMPTY_DIGEST.high && digest.low === EMPTY_DIGEST.low;
}

function lineOf(row: PolicyRow): RelayPolicy {
  const { username, tenantId, smtpUserId, version, removed, rules } = row;
  return { username, tenantId, smtpUserId, ...rules, version, revision: 0 as Revision, removed };
}
