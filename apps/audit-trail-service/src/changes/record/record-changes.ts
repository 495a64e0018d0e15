import {
  splitStreamId,
  type ApiKeyEvent,
  type Recorded,
  type SmtpUserEvent,
  type StreamCategory,
  type TenantEvent,
} from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { ofSmtpUser, ofTenantOrKey } from './before-and-after.js';
import { changeRow, type ChangeRow } from './change-row.js';
import { insertChanges } from './insert-changes.js';
import { IssuedKeys } from './issued-keys.js';
import { SmtpUserStates } from './smtp-user-states.js';

/**
 * Records the events as changes and brings the SMTP users' states up to date. What was recorded before is left out, so
 * that a batch may come any number of times. Gives the number of changes that were added. Throws `EventsMissing`,
 * `StreamConflict`.
 */
export async function recordChanges(manager: EntityManager, events: readonly Recorded[]): Promise<number> {
  const states = await SmtpUserStates.load(manager, events.filter(isOfSmtpUser).map(subjectOf));
  const keys = await IssuedKeys.load(manager, events.filter(isOfKey));
  const rows: ChangeRow[] = [];
  for (const event of events) {
    if (isOfSmtpUser(event)) {
      const smtpUserId = subjectOf(event);
      const applied = states.apply(smtpUserId, event);
      if (!applied) continue;
      const { before, after } = applied;
      rows.push(changeRow(event, after, ofSmtpUser(before, event, after)));
    } else if (isOfKey(event)) rows.push(changeRow(event, null, ofTenantOrKey(event, keys.of(event))));
    else if (isOfTenant(event)) rows.push(changeRow(event, null, ofTenantOrKey(event, null)));
  }
  await states.save(manager);
  return insertChanges(manager, rows);
}

function subjectOf(event: Recorded): string {
  return splitStreamId(event.streamId).subject;
}

function isOfSmtpUser(event: Recorded): event is Recorded<SmtpUserEvent> {
  return isOf(event, 'smtp-user');
}

function isOfKey(event: Recorded): event is Recorded<ApiKeyEvent> {
  return isOf(event, 'api-key');
}

function isOfTenant(event: Recorded): event is Recorded<TenantEvent> {
  return isOf(event, 'tenant');
}

function isOf(event: Recorded, category: StreamCategory): boolean {
  return splitStreamId(event.streamId).category === category;
}
