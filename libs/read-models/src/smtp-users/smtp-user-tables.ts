import type { EntryAdded, Mode, SmtpUserId, TenantId } from '@postern/contracts';
import type { DatabaseRole } from '@postern/database';
import type { SmtpUserState } from '@postern/restrictions';
import type { ModelTable } from '../read-model.js';

export type KnownSmtpUser = Exclude<SmtpUserState, { status: 'none' }>;

/** A removed user's row stays, with the version of its last event. An entry is a row, so adding one costs the same for short and long lists. */
export function smtpUserTablesSql(schema: string, writer: DatabaseRole, reader: DatabaseRole): string {
  const access = (table: string) => `
    ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY every_tenant ON ${table} TO ${writer} USING (true);
    CREATE POLICY own_tenant ON ${table} FOR SELECT TO ${reader}
      USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
    -- For backup and restore by an owner who is no superuser.
    CREATE POLICY owner ON ${table} TO CURRENT_USER USING (true);
    GRANT SELECT, INSERT, UPDATE ON ${table} TO ${writer};
    GRANT SELECT ON ${table} TO ${reader};`;
  return `
    CREATE TABLE ${schema}.smtp_users (
      id           uuid PRIMARY KEY,
      tenant_id    text COLLATE "C" NOT NULL,
      username     text COLLATE "C" NOT NULL,
      username_key text COLLATE "C" NOT NULL,
      created_at   timestamptz(3) NOT NULL,
      removed      boolean NOT NULL,
      mode         text NOT NULL,
      -- RFC 3339, in one canonical form: the end of report-only.
      enforce_at   text COLLATE "C",
      restricted   boolean NOT NULL,
      -- Of the last event that was applied, and its id: the same version with another id is a conflict.
      version      integer NOT NULL,
      event_id     uuid NOT NULL
    -- Room for the next version of a row in its page: no index changes then.
    ) WITH (fillfactor = 60);
    CREATE TABLE ${schema}.entries (
      smtp_user_id uuid NOT NULL,
      position     bigint NOT NULL, -- orders the list: by the event that added the entry, and its position there
      tenant_id    text COLLATE "C" NOT NULL,
      entry        json NOT NULL,
      PRIMARY KEY (smtp_user_id, position)
    );
    ${access(`${schema}.smtp_users`)}
    ${access(`${schema}.entries`)}
    GRANT DELETE ON ${schema}.entries TO ${writer}`;
}

export const SMTP_USER_TABLES: readonly ModelTable[] = [
  {
    name: 'smtp_users',
    key: 'id::text',
    subject: 'id',
    group: null,
    compared:
      'id, tenant_id, username, username_key, created_at, removed, mode, enforce_at, restricted, version, event_id',
  },
  {
    name: 'entries',
    key: `smtp_user_id || ' ' || position`,
    subject: 'smtp_user_id',
    group: null,
    compared: 'smtp_user_id, position, tenant_id, entry::text',
  },
];

export interface SmtpUserRecord {
  readonly id: SmtpUserId;
  readonly tenant_id: TenantId;
  readonly username: string;
  readonly created_at: Date;
  readonly removed: boolean;
  readonly mode: Mode;
  readonly enforce_at: string | null;
  readonly restricted: boolean;
  readonly version: number;
  readonly event_id: string;
  readonly entries: readonly EntryAdded[] | null;
}

/** For the row `u` of the schema's `smtp_users`. */
export function smtpUserColumns(schema: string): string {
  return `u.id, u.tenant_id, u.username, u.created_at, u.removed, u.mode, u.enforce_at, u.restricted, u.version, u.event_id,
          (SELECT json_agg(entry ORDER BY position) FROM ${schema}.entries WHERE smtp_user_id = u.id) AS entries`;
}

export function smtpUserOf(record: SmtpUserRecord): KnownSmtpUser {
  const { id: smtpUserId, tenant_id: tenantId, username, version, removed, mode, restricted, entries } = record;
  const identity = { smtpUserId, tenantId, username, version };
  if (removed) return { status: 'removed', ...identity };
  const createdAt = record.created_at.toISOString();
  const enforceAt = record.enforce_at;
  return { status: 'registered', createdAt, mode, enforceAt, restricted, entries: entries ?? [], ...identity };
}
