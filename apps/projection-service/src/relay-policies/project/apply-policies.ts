import type { Recorded, SmtpUserEvent } from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { UsernameOwnership } from './username-ownership.js';
import { loadRows, lockTotals, saveRows } from './policy-table.js';
import { assignRevisions } from './assign-revisions.js';

/** Applies events in the caller's transaction, repeats without effect. @throws `EventsMissing`, `StreamConflict`. */
export async function applyPolicies(manager: EntityManager, events: readonly Recorded<SmtpUserEvent>[]): Promise<void> {
  const before = await lockTotals(manager);
  const owners = new UsernameOwnership(await loadRows(manager, events));
  for (const event of events) owners.apply(event);
  const { totals, rows } = assignRevisions(owners, before);
  if (rows.length > 0) await saveRows(manager, rows, totals);
}
