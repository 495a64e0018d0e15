import type { TenantId } from '@postern/contracts';
import { EXPIRES_SOON_MS } from '@postern/restrictions';
import sql, { type Sql } from 'sql-template-tag';

export const SMTP_USER_STATES = ['unrestricted', 'restricted', 'report-only', 'expiring', 'expired'] as const;

export function isInState(state: (typeof SMTP_USER_STATES)[number], tenantId: TenantId, now: Date): Sql {
  switch (state) {
    case 'unrestricted':
      return sql`NOT restricted`;
    case 'restricted':
      return sql`restricted`;
    case 'report-only':
      return sql`restricted AND mode = 'report-only' AND (enforce_at IS NULL OR enforce_at > ${now.toISOString()})`;
    case 'expiring':
      return sql`id IN (${expiringUsers(tenantId, now)})`;
    case 'expired':
      // As an array: otherwise PostgreSQL expects very many such users and scans the list for them.
      return sql`id = ANY (ARRAY(${expiredUsers(tenantId, now)}))`;
  }
}

/** SQL of the users with a live entry that expires within a week; one id per such entry. Uses `entries_by_expiry`. */
export function expiringUsers(tenantId: TenantId, now: Date): Sql {
  const soon = new Date(now.getTime() + EXPIRES_SOON_MS);
  return sql`SELECT smtp_user_id FROM projection.entries
    WHERE tenant_id = ${tenantId} AND expires_at > ${now.toISOString()} AND expires_at <= ${soon.toISOString()}`;
}

/** SQL of the restricted users without a live entry; one id per entry. Uses `entries_by_expiry`. */
export function expiredUsers(tenantId: TenantId, now: Date): Sql {
  // OFFSET 0 keeps PostgreSQL from reading all live entries of the tenant for the few expired ones.
  return sql`SELECT smtp_user_id FROM projection.entries gone
    WHERE tenant_id = ${tenantId} AND expires_at <= ${now.toISOString()} AND NOT EXISTS (
          SELECT FROM projection.entries live
           WHERE live.smtp_user_id = gone.smtp_user_id AND (live.expires_at IS NULL OR live.expires_at > ${now.toISOString()}) OFFSET 0)`;
}
