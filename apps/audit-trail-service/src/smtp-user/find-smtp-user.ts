import { isUuid, type TenantId, type UsernameKey } from '@postern/contracts';
import { Problem } from '@postern/http';
import { smtpUserColumns, smtpUserOf, type KnownSmtpUser, type SmtpUserRecord } from '@postern/read-models';
import type { EntityManager } from 'typeorm';

/** Also finds a removed user, whose trail stays. @throws `smtp-user-not-found`, also for another tenant's. */
export async function findSmtpUser(manager: EntityManager, smtpUserId: string): Promise<KnownSmtpUser> {
  if (!isUuid(smtpUserId))
    throw new Problem('smtp-user-not-found', 'There is no SMTP user with this id: it is not a UUID.');
  const found = await loadSmtpUser(manager, smtpUserId);
  if (!found) throw new Problem('smtp-user-not-found', 'There is no SMTP user with this id in this tenant.');
  return found;
}

/** The same for an id that is a UUID; null if there is none. */
export async function loadSmtpUser(manager: EntityManager, smtpUserId: string): Promise<KnownSmtpUser | null> {
  const [record] = await manager.query<SmtpUserRecord[]>(
    `SELECT ${smtpUserColumns('audit')} FROM audit.smtp_users u WHERE id = $1`,
    [smtpUserId],
  );
  return record ? smtpUserOf(record) : null;
}

/** The SMTP users of the tenant that have or had the username. Within `inTenant`. */
export async function smtpUsersOfName(
  manager: EntityManager,
  tenantId: TenantId,
  username: UsernameKey,
): Promise<string[]> {
  const rows = await manager.query<{ smtp_user_id: string }[]>(
    'SELECT smtp_user_id FROM audit.usernames WHERE tenant_id = $1 AND username_key = $2',
    [tenantId, username],
  );
  return rows.map((row) => row.smtp_user_id);
}
