import {
  usernameKey,
  type SmtpUserEvent,
  type SmtpUserId,
  type TenantReply,
  type UsernameKey,
} from '@postern/contracts';
import { Problem, violates } from '@postern/http';
import type { DataSource, EntityManager } from 'typeorm';
import type { SmtpUserRef } from './target.js';

export function movesUsername(event: SmtpUserEvent): boolean {
  return event.type === 'SmtpUserRegistered' || event.type === 'SmtpUserRenamed' || event.type === 'SmtpUserRemoved';
}

/** In the append's transaction, as `postern_journal_writer`. @throws 409 `username-taken`; then roll back. */
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
      // They differ only in upper and lower case.
      if (usernameKey(username) === usernameKey(previousUsername)) continue;
      await release(manager, user);
      await claim(manager, user, username);
    }
  }
}

/** By the database's clock. Cut to milliseconds, so that a denial right after the claim is not before it. */
async function claim(manager: EntityManager, { tenantId, smtpUserId }: SmtpUserRef, username: string): Promise<void> {
  try {
    await manager.query(
      `INSERT INTO access.usernames (username_key, tenant_id, smtp_user_id, claimed_at)
       VALUES ($1, $2, $3, date_trunc('milliseconds', clock_timestamp()))`,
      [usernameKey(username), tenantId, smtpUserId],
    );
  } catch (error) {
    if (!violates(error, 'username_unique')) throw error;
    // The owner is not named: it may belong to another tenant.
    throw new Problem('username-taken', `The username ${username} is taken. Choose another one.`, { cause: error });
  }
}

async function release(manager: EntityManager, { smtpUserId }: SmtpUserRef): Promise<void> {
  await manager.query(
    `UPDATE access.usernames SET released_at = date_trunc('milliseconds', clock_timestamp())
      WHERE smtp_user_id = $1 AND released_at IS NULL`,
    [smtpUserId],
  );
}

/** `version` is that of the user's stream. */
export interface OwnedUsername extends SmtpUserRef {
  readonly version: number;
  readonly reply: TenantReply | null;
}

/** The current owners, by username; a free username has none. As `postern_journal_writer`. */
export async function currentOwners(
  writer: DataSource,
  usernames: readonly UsernameKey[],
): Promise<ReadonlyMap<UsernameKey, OwnedUsername>> {
  const rows = await writer.query<(OwnedUsername & { readonly key: UsernameKey })[]>(
    `SELECT u.username_key AS key, u.tenant_id AS "tenantId", u.smtp_user_id AS "smtpUserId",
            (SELECT max(e.version) FROM journal.events e WHERE e.stream_id = 'smtp-user/' || u.smtp_user_id) AS version,
            (SELECT r.reply FROM access.tenant_replies r WHERE r.tenant_id = u.tenant_id) AS reply
       FROM unnest($1::text[]) AS requested (username_key),
            -- One look-up per username. With "= ANY", a plan from before the table's ANALYZE reads every row.
            LATERAL (SELECT * FROM access.usernames WHERE username_key = requested.username_key AND released_at IS NULL OFFSET 0) u`,
    [usernames],
  );
  return new Map(rows.map((row) => [row.key, row]));
}

/** A username at a time. With `smtpUserId`: only if that user has or ever had the name. */
export interface UsernameAt {
  readonly username: UsernameKey;
  readonly at: string;
  readonly smtpUserId: SmtpUserId | undefined;
}

/** A late denial belongs to the owner at the time of the login. The n-th result is for the n-th question; null: nobody. As `postern_journal_writer`. */
export async function ownersAt(
  writer: DataSource,
  questions: readonly UsernameAt[],
): Promise<readonly (SmtpUserRef | null)[]> {
  if (questions.length === 0) return [];
  const rows = await writer.query<(SmtpUserRef | { readonly smtpUserId: null })[]>(
    `SELECT holder.tenant_id AS "tenantId", holder.smtp_user_id AS "smtpUserId"
       FROM unnest($1::text[], $2::timestamptz[], $3::uuid[]) WITH ORDINALITY AS requested (username_key, at, smtp_user_id, n)
       LEFT JOIN LATERAL (
         SELECT u.tenant_id, u.smtp_user_id FROM access.usernames u
          WHERE u.username_key = requested.username_key
            AND CASE WHEN requested.smtp_user_id IS NULL
                     THEN u.claimed_at <= requested.at AND (u.released_at IS NULL OR requested.at < u.released_at)
                     ELSE u.smtp_user_id = requested.smtp_user_id END
          ORDER BY u.claimed_at DESC LIMIT 1
       ) holder ON true
      ORDER BY requested.n`,
    [
      questions.map(({ username }) => username),
      questions.map(({ at }) => at),
      questions.map(({ smtpUserId }) => smtpUserId ?? null),
    ],
  );
  return rows.map((row) => (row.smtpUserId === null ? null : row));
}
