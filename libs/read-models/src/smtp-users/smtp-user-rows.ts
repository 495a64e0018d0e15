import {
  splitStreamId,
  usernameKey,
  type EntryAdded,
  type EntryId,
  type Recorded,
  type SmtpUserEvent,
} from '@postern/contracts';
import { isNextVersion } from '@postern/event-bus';
import { evolve, initialState, MAX_ENTRIES, type SmtpUserState } from '@postern/restrictions';
import type { EntityManager } from 'typeorm';
import { smtpUserOf, type KnownSmtpUser, type SmtpUserRecord } from './smtp-user-tables.js';

// These statements name no schema, so that a rebuild can run them on new tables.

interface KnownUser {
  readonly state: KnownSmtpUser;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly eventId: string;
}

/** Events that only add entries need no list. */
const LIST_CHANGES: ReadonlySet<string> = new Set<SmtpUserEvent['type']>([
  'RestrictionEntriesChanged',
  'RestrictionRemoved',
  'RestrictionCleared',
  'SmtpUserRemoved',
]);

export class SmtpUserRows {
  private readonly changed = new Set<string>();

  private constructor(
    private readonly users: Map<string, KnownUser>,
    private readonly stored: ReadonlyMap<string, readonly EntryAdded[]>,
    private readonly positions: Map<EntryId, number>,
  ) {}

  /**
   * Locks the table until the transaction ends. The commit does not wait for the disk: a crash loses the checkpoint too, so the events are applied
   * again. A list is loaded only if an event changes its entries or `needsList` is true. Other states have only the entries that the batch adds.
   */
  static async load(
    manager: EntityManager,
    events: readonly Recorded<SmtpUserEvent>[],
    needsList: (event: Recorded<SmtpUserEvent>) => boolean = () => false,
  ): Promise<SmtpUserRows> {
    await manager.query(LOCK);
    const lists = events.filter((event) => LIST_CHANGES.has(event.type) || needsList(event));
    const records = await manager.query<LoadedRecord[]>(LOAD, [subjectsOf(events), subjectsOf(lists)]);
    return new SmtpUserRows(
      new Map(
        records.map((record) => [
          record.id,
          { state: smtpUserOf(record), createdAt: record.created_at.toISOString(), eventId: record.event_id },
        ]),
      ),
      new Map(records.map(({ id, entries }) => [id, entries ?? []])),
      new Map(
        records.flatMap(({ entries, positions }) =>
          (entries ?? []).map(({ id }, i) => [id, Number(positions?.[i])] as const),
        ),
      ),
    );
  }

  /** Null for a repeat. @throws `EventsMissing`, `StreamConflict`. */
  apply(event: Recorded<SmtpUserEvent>): { readonly before: SmtpUserState; readonly after: KnownSmtpUser } | null {
    const id = subjectOf(event);
    const known = this.users.get(id);
    if (!isNextVersion(event, known && { version: known.state.version, eventId: known.eventId })) return null;
    const before = known?.state ?? initialState();
    // Otherwise `evolve` throws: an event creates the user or belongs to an existing one.
    const after = evolve(before, event) as KnownSmtpUser;
    if (event.type === 'RestrictionAdded')
      for (const [i, entry] of event.data.entries.entries())
        this.positions.set(entry.id, event.version * MAX_ENTRIES + i);
    const createdAt = after.status === 'registered' ? after.createdAt : (known?.createdAt ?? event.recordedAt);
    this.users.set(id, { state: after, createdAt, eventId: event.eventId });
    this.changed.add(id);
    return { before, after };
  }

  async save(manager: EntityManager): Promise<void> {
    if (this.changed.size === 0) return;
    const users: object[] = [];
    const written: object[] = [];
    const deleted: { readonly id: string; readonly position: number | undefined }[] = [];
    for (const id of this.changed) {
      const { state, createdAt, eventId } = this.users.get(id) as KnownUser;
      users.push(rowOf(state, createdAt, eventId));
      const entries = state.status === 'registered' ? state.entries : [];
      const before = this.stored.get(id) ?? [];
      // `evolve` keeps the object of an unchanged entry.
      const same = new Set(before);
      for (const entry of entries)
        if (!same.has(entry))
          written.push({ id, position: this.positions.get(entry.id), tenant: state.tenantId, entry });
      if (before.length === 0) continue;
      const ids = new Set(entries.map((entry) => entry.id));
      for (const entry of before) if (!ids.has(entry.id)) deleted.push({ id, position: this.positions.get(entry.id) });
    }
    const removed = [deleted.map(({ id }) => id), deleted.map(({ position }) => position)];
    await manager.query(SAVE, [JSON.stringify(users), JSON.stringify(written), ...removed]);
  }
}

function rowOf(state: KnownSmtpUser, createdAt: string, eventId: string): object {
  const { smtpUserId, tenantId, username, version } = state;
  const { mode, enforceAt, restricted } =
    state.status === 'registered' ? state : { mode: 'enforce', enforceAt: null, restricted: false };
  return {
    id: smtpUserId,
    tenant_id: tenantId,
    username,
    username_key: usernameKey(username),
    created_at: createdAt,
    removed: state.status === 'removed',
    mode,
    enforce_at: enforceAt,
    restricted,
    version,
    event_id: eventId,
  };
}

function subjectOf(event: Recorded): string {
  return splitStreamId(event.streamId).subject;
}

function subjectsOf(events: readonly Recorded[]): string[] {
  return [...new Set(events.map(subjectOf))];
}

interface LoadedRecord extends SmtpUserRecord {
  /** `positions[i]` belongs to `entries[i]`. */
  readonly positions: readonly string[] | null;
}

/** One lock per `smtp_users` table; a rebuild's tables have their own. */
const LOCK = `
  SELECT pg_advisory_xact_lock(8025050, 'smtp_users'::regclass::oid::integer), set_config('synchronous_commit', 'off', true)`;

const LOAD = `
  SELECT u.*, list.* FROM smtp_users u
    LEFT JOIN LATERAL (
         SELECT json_agg(entry ORDER BY position) AS entries, array_agg(position ORDER BY position) AS positions
           FROM entries WHERE smtp_user_id = u.id AND u.id = ANY ($2::uuid[])) list ON true
   WHERE u.id = ANY ($1::uuid[])`;

const SAVE = `
  WITH saved AS (
    INSERT INTO smtp_users (id, tenant_id, username, username_key, created_at, removed, mode, enforce_at, restricted, version, event_id)
    SELECT * FROM json_to_recordset($1::json) AS r (id uuid, tenant_id text, username text, username_key text,
           created_at timestamptz(3), removed boolean, mode text, enforce_at text, restricted boolean, version integer, event_id uuid)
        ON CONFLICT (id) DO UPDATE
       SET username = excluded.username, username_key = excluded.username_key, removed = excluded.removed, mode = excluded.mode,
           enforce_at = excluded.enforce_at, restricted = excluded.restricted, version = excluded.version, event_id = excluded.event_id
  ), gone AS (
    DELETE FROM entries WHERE (smtp_user_id, position) IN (SELECT * FROM unnest($3::uuid[], $4::bigint[]))
  )
  INSERT INTO entries (smtp_user_id, position, tenant_id, entry)
  SELECT * FROM json_to_recordset($2::json) AS r (id uuid, position bigint, tenant text, entry json)
      ON CONFLICT (smtp_user_id, position) DO UPDATE SET entry = excluded.entry`;
