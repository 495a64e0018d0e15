import {
  splitStreamId,
  usernameKey,
  type EntryAdded,
  type Mode,
  type Recorded,
  type SmtpUserEvent,
  type SmtpUserId,
  type TenantId,
} from '@postern/contracts';
import type { SmtpUserState } from '@postern/restrictions';
import type { EntityManager } from 'typeorm';

/** A row of `projection.smtp_users`, as the driver gives it. */
export interface SmtpUserRecord {
  readonly id: SmtpUserId;
  readonly tenant_id: TenantId;
  readonly username: string;
  readonly created_at: Date;
  readonly removed: boolean;
  readonly restriction: {
    readonly mode: Mode;
    readonly restricted: boolean;
    readonly entries: readonly EntryAdded[];
  };
  readonly version: number;
  readonly event_id: string;
}

/**
 * An SMTP user that is known here: the domain's state, the id of the last event that was applied, and since when it exists, which a
 * removed one's state has no more.
 */
export interface KnownSmtpUser {
  readonly state: Exclude<SmtpUserState, { status: 'none' }>;
  readonly createdAt: string;
  readonly eventId: string;
}

export const SMTP_USER_COLUMNS = 'id, tenant_id, username, created_at, removed, restriction, version, event_id';

export function knownSmtpUser(record: SmtpUserRecord): KnownSmtpUser {
  const { id: smtpUserId, tenant_id: tenantId, username, version, removed } = record;
  const createdAt = record.created_at.toISOString();
  const identity = { smtpUserId, tenantId, username, version };
  const state = removed
    ? ({ status: 'removed', ...identity } as const)
    : ({ status: 'registered', createdAt, ...identity, ...record.restriction } as const);
  return { state, createdAt, eventId: record.event_id };
}

/** The users of the events, as far as they are known. Names no schema, as `saveSmtpUsers`: a rebuild has both work on new tables. */
export async function loadSmtpUsers(
  manager: EntityManager,
  events: readonly Recorded<SmtpUserEvent>[],
): Promise<Map<SmtpUserId, KnownSmtpUser>> {
  const ids = [...new Set(events.map((event) => splitStreamId(event.streamId).subject))];
  const records = await manager.query<SmtpUserRecord[]>(
    `SELECT ${SMTP_USER_COLUMNS} FROM smtp_users WHERE id = ANY ($1::uuid[])`,
    [ids],
  );
  return new Map(records.map((record) => [record.id, knownSmtpUser(record)]));
}

export async function saveSmtpUsers(manager: EntityManager, users: readonly KnownSmtpUser[]): Promise<void> {
  // Two consumers lock the rows in one order.
  const sorted = users.toSorted((a, b) => (a.state.smtpUserId < b.state.smtpUserId ? -1 : 1));
  await manager.query(SAVE, [JSON.stringify(sorted.map(recordOf))]);
}

/** A consumer that read the rows before another one wrote them takes none of them back. */
const SAVE = `
  INSERT INTO smtp_users AS u (id, tenant_id, username, username_key, created_at, removed, restriction, version, event_id)
  SELECT id, tenant_id, username, username_key, created_at, removed, restriction, version, event_id
    FROM json_to_recordset($1::json) AS r (id uuid, tenant_id text, username text, username_key text,
         created_at timestamptz(3), removed boolean, restriction jsonb, version integer, event_id uuid)
      ON CONFLICT (id) DO UPDATE
     SET username = excluded.username, username_key = excluded.username_key, removed = excluded.removed,
         restriction = excluded.restriction, version = excluded.version, event_id = excluded.event_id
   WHERE u.version < excluded.version`;

const NO_RESTRICTION = { mode: 'enforce', restricted: false, entries: [] };

function recordOf({
  state,
  createdAt,
  eventId,
}: KnownSmtpUser): Record<keyof SmtpUserRecord | 'username_key', unknown> {
  const registered = state.status === 'registered';
  return {
    id: state.smtpUserId,
    tenant_id: state.tenantId,
    username: state.username,
    username_key: usernameKey(state.username),
    created_at: createdAt,
    removed: !registered,
    restriction: registered
      ? { mode: state.mode, restricted: state.restricted, entries: state.entries }
      : NO_RESTRICTION,
    version: state.version,
    event_id: eventId,
  };
}
