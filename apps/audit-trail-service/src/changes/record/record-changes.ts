import {
  splitStreamId,
  usernameKey,
  type ApiKeyEvent,
  type Recorded,
  type SmtpUserEvent,
  type StreamCategory,
  type TenantEvent,
} from '@postern/contracts';
import { SmtpUserRows, type KnownSmtpUser } from '@postern/read-models';
import type { EntityManager } from 'typeorm';
import { ofSmtpUser, ofTenantOrKey } from './before-and-after.js';
import { carriesState, changeRow, type ChangeRow } from './change-row.js';
import { insertChanges } from './insert-changes.js';
import { IssuedKeys } from './issued-keys.js';

/** Skips recorded events, so a batch may be repeated. Returns the number of new changes. @throws `EventsMissing`, `StreamConflict`. */
export async function recordChanges(manager: EntityManager, events: readonly Recorded[]): Promise<number> {
  const users = await SmtpUserRows.load(manager, events.filter(isOfSmtpUser), carriesState);
  const keys = await IssuedKeys.load(manager, events.filter(isOfKey));
  const named: KnownSmtpUser[] = [];
  const rows: ChangeRow[] = [];
  for (const event of events) {
    if (isOfSmtpUser(event)) {
      const applied = users.apply(event);
      if (!applied) continue;
      const { before, after } = applied;
      if (event.type === 'SmtpUserRegistered' || event.type === 'SmtpUserRenamed') named.push(after);
      rows.push(changeRow(event, after, ofSmtpUser(before, event, after)));
    } else if (isOfKey(event)) rows.push(changeRow(event, null, ofTenantOrKey(event, keys.of(event))));
    else if (isOfTenant(event)) rows.push(changeRow(event, null, ofTenantOrKey(event, null)));
  }
  await users.save(manager);
  await saveUsernames(manager, named);
  return insertChanges(manager, rows);
}

/** Old usernames stay, because denials are found by them. */
async function saveUsernames(manager: EntityManager, users: readonly KnownSmtpUser[]): Promise<void> {
  if (users.length === 0) return;
  await manager.query(
    `INSERT INTO usernames (tenant_id, username_key, smtp_user_id) SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])
         ON CONFLICT DO NOTHING`,
    [
      users.map(({ tenantId }) => tenantId),
      users.map(({ username }) => usernameKey(username)),
      users.map(({ smtpUserId }) => smtpUserId),
    ],
  );
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
