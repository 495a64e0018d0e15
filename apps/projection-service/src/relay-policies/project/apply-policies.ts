import type { Recorded, SmtpUserEvent } from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { Holdings } from './holdings.js';
import { loadRows, lockTotals, saveRows } from './policy-table.js';
import { tellPolicies } from './tell-policies.js';

/**
 * Applies events to the relay policies, in the caller's transaction: a changed policy gets one revision, however many
 * events changed it. Events that were applied before change nothing. Throws
 * `EventsMissing`, `StreamConflict`.
 */
export async function applyPolicies(manager: EntityManager, events: readonly Recorded<SmtpUserEvent>[]): Promise<void> {
  const before = await lockTotals(manager);
  const holdings = new Holdings(await loadRows(manager, events));
  for (const event of events) holdings.apply(event);
  const { totals, rows } = tellPolicies(holdings, before);
  if (rows.length > 0) await saveRows(manager, rows, totals);
}
