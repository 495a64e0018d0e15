import { isUuid, usernameKey, type TenantId, type UsernameKey } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { atLeastVersion, Problem } from '@postern/http';
import { smtpUserColumns, smtpUserOf, type KnownSmtpUser, type SmtpUserRecord } from '@postern/read-models';
import type { RegisteredSmtpUser } from '@postern/restrictions';
import sql, { type Sql } from 'sql-template-tag';
import type { DataSource, EntityManager } from 'typeorm';
import { z } from 'zod';
import type { SmtpUserScope } from '../scope.js';

/** Also finds a removed user, whose trail stays. @throws `smtp-user-not-found`, also for another tenant's. */
export async function findSmtpUser(manager: EntityManager, smtpUserId: string): Promise<KnownSmtpUser> {
  const found = await loadSmtpUser(manager, smtpUserId);
  if (!found) throw smtpUserNotFound();
  return found;
}

export interface SmtpUserQuery extends SmtpUserScope {
  /** Of `Postern-Min-Version`; 0 if it was not sent. */
  readonly minVersion: number;
}

/** The SMTP user as it is now. @throws `smtp-user-not-found`, also for a removed one or another tenant's; `read-side-behind`. */
export async function presentSmtpUser(reader: DataSource, query: SmtpUserQuery): Promise<RegisteredSmtpUser> {
  const user = await smtpUserAtVersion(reader, query);
  if (user?.status !== 'registered') throw smtpUserNotFound();
  return user;
}

/** Also a removed one; null if there is none. @throws `smtp-user-not-found` if the id is no UUID; `read-side-behind`. */
export function smtpUserAtVersion(
  reader: DataSource,
  { tenantId, smtpUserId, minVersion }: SmtpUserQuery,
): Promise<KnownSmtpUser | null> {
  return atLeastVersion(minVersion, () => inTenant(reader, tenantId, (manager) => loadSmtpUser(manager, smtpUserId)));
}

async function loadSmtpUser(manager: EntityManager, smtpUserId: string): Promise<KnownSmtpUser | null> {
  if (!isUuid(smtpUserId)) throw smtpUserNotFound();
  const [record] = await manager.query<SmtpUserRecord[]>(
    `SELECT ${smtpUserColumns('audit')} FROM audit.smtp_users u WHERE id = $1`,
    [smtpUserId],
  );
  return record ? smtpUserOf(record) : null;
}

export function smtpUserNotFound(detail = 'There is no SMTP user with this id in this tenant.'): Problem {
  return new Problem('smtp-user-not-found', detail);
}

export const nameFilter = z
  .string()
  .min(1)
  .max(254)
  .refine((text) => !text.includes('\0'), 'A name has no NUL in it.');

export const usernameFilter = nameFilter
  .transform(usernameKey)
  .optional()
  .meta({ description: 'In upper or lower case.', examples: ['app@acme.example'] });

/** A condition for rows of the SMTP users that have or had the username. Null if nobody ever had it. Within `inTenant`. */
export async function ofSmtpUsersNamed(
  manager: EntityManager,
  tenantId: TenantId,
  username: UsernameKey,
): Promise<Sql | null> {
  const rows = await manager.query<{ smtp_user_id: string }[]>(
    'SELECT smtp_user_id FROM audit.usernames WHERE tenant_id = $1 AND username_key = $2',
    [tenantId, username],
  );
  const users = rows.map((row) => row.smtp_user_id);
  if (users.length === 0) return null;
  return users.length === 1 ? sql`smtp_user_id = ${users[0]}` : sql`smtp_user_id = ANY (${users}::uuid[])`;
}
