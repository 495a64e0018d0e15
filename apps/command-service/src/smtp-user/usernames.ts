import { usernameKey, type SmtpUserEvent, type SmtpUserId, type TenantId, type UsernameKey } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';

import { Problem, violates } from '@postern/service-kit';
import type { SmtpUserRef } from './smtp-user-states.js';

/** The events by which a username is taken or given up; they are appended in the transaction of the claim. */
export function movesUsername(event: SmtpUserEvent): boolean {
  return event.type === 'SmtpUserRegistered' || event.type === 'SmtpUserRenamed' || event.type === 'SmtpUserRemoved';
}

/**
 * Writes into `access.usernames` what the events say of usernames. `manager` is in the transaction of their append, as
 * `postern_journal_writer`. Throws 409 `username-taken`; the transaction must then be rolled back.
 */
export async function moveUsernames(
  manager: EntityManager,
  user: SmtpUserRef,
  events: readonly SmtpUserEvent[],
): Promise<void> {
  for (const event of events) {
    if (event.type === 'SmtpUserRegistered') await claim(manager, user, event.data.username);
    if (event.type === 'SmtpUserRemoved') await release(manager, user);
    if (event.type === 'SmtpUserRenamed') {
      const { username, previousUsername } = event.data;
      // Another case is the same name to hold.
      if (usernameKey(username) === usernameKey(previousUsername)) continue;
      await release(manager, user);
      await claim(manager, user, username);
    }
  }
}

/** The clock is the database's: in which order a name went from hand to hand must not hang on the clocks of many machines. */
async function claim(manager: EntityManager, { tenantId, smtpUserId }: SmtpUserRef, username: string): Promise<void> {
  try {
    await manager.query(
      `INSERT INTO access.usernames (username_key, tenant_id, smtp_user_id, claimed_at)
       VALUES ($1, $2, $3, clock_timestamp())`,
      [usernameKey(username), tenantId, smtpUserId],
    );
  } catch (error) {
    if (!violates(error, 'username_is_held_once')) throw error;
    // Whose it is, is not told: it may be another tenant's.
    throw new Problem('username-taken', `The username ${username} is taken. Choose another one.`, { cause: error });
  }
}

async function release(manager: EntityManager, { smtpUserId }: SmtpUserRef): Promise<void> {
  await manager.query(
    'UPDATE access.usernames SET released_at = clock_timestamp() WHERE smtp_user_id = $1 AND released_at IS NULL',
    [smtpUserId],
  );
}

/**
 * Who holds each username, or held it last: a denial that was on its way while its user was renamed or removed still
 * finds that user. Usernames that nobody ever held are missing. As `postern_journal_writer`; one query for all.
 */
export async function holdersOf(
  writer: DataSource,
  usernames: readonly UsernameKey[],
): Promise<Map<UsernameKey, SmtpUserRef & { readonly live: boolean }>> {
  if (usernames.length === 0) return new Map();
  const rows = await writer.query<
    { username_key: UsernameKey; tenant_id: TenantId; smtp_user_id: SmtpUserId; live: boolean }[]
  >(
    `SELECT DISTINCT ON (username_key) username_key, tenant_id, smtp_user_id, released_at IS NULL AS live
       FROM access.usernames WHERE username_key = ANY ($1::text[])
      ORDER BY username_key, released_at DESC NULLS FIRST`,
    [usernames],
  );
  return new Map(
    rows.map(({ username_key, tenant_id, smtp_user_id, live }) => [
      username_key,
      { tenantId: tenant_id, smtpUserId: smtp_user_id, live },
    ]),
  );
}
