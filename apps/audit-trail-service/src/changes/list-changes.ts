import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import {
  whatChanged,
  type Actor,
  type EventType,
  type SmtpUserId,
  type TenantId,
  type Page,
  type Change,
} from '@postern/contracts';
import { type PageRequest, pageUpTo } from '@postern/lists';
import { InjectDataSource } from '@nestjs/typeorm';
import { inTenant, ofNoTenant } from '@postern/database';
import type { DataSource, EntityManager } from 'typeorm';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';

/** The columns of CSV. */
export const CHANGE_COLUMNS = [
  'occurredAt',
  'username',
  'sentence',
  'actor.name',
  'actor.role',
  'actor.keyId',
  'requestId',
  'type',
  'version',
  'smtpUserId',
  'eventId',
] as const;

/** A change as a row of CSV: a sentence in place of what only a program reads. */
export function changeRowOfCsv(change: Change): object {
  const sentence = whatChanged(change);
  return { ...change, sentence: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.` };
}

/** Which changes are asked for; what is left out is not looked at. */
export interface ChangeFilter {
  /** RFC 3339, UTC, milliseconds: occurred then or later. */
  readonly from?: string | undefined;
  /** Occurred before then. */
  readonly to?: string | undefined;
  /** The id or the name of the key that was used. */
  readonly actor?: string | undefined;
}

/** Whose changes. */
export interface ChangeScope {
  /** Null: what concerns no tenant. */
  readonly tenantId: TenantId | null;
  /** Null: all changes of the tenant. */
  readonly smtpUserId: string | null;
}

/** Changes, the newest first. */
export class ListChanges extends Query<Page<Change>> {
  constructor(
    readonly scope: ChangeScope,
    readonly page: PageRequest,
    readonly filter: ChangeFilter,
  ) {
    super();
  }
}

@QueryHandler(ListChanges)
export class ListChangesHandler implements IQueryHandler<ListChanges> {
  constructor(@InjectDataSource('postern_audit_reader') private readonly dataSource: DataSource) {}

  async execute({ scope, page, filter }: ListChanges): Promise<Page<Change>> {
    const read = async (manager: EntityManager) => {
      if (scope.smtpUserId !== null) await findSmtpUser(manager, scope.smtpUserId);
      return readChanges(manager, scope, filter, { ...page, limit: page.limit + 1 });
    };
    const { tenantId } = scope;
    const { changes, found } = await (tenantId === null
      ? ofNoTenant(this.dataSource, read)
      : inTenant(this.dataSource, tenantId, read));
    const shown = changes.slice(0, page.limit);
    const { nextCursor } = pageUpTo(shown, shown.length < found, ({ position, change }) => [
      change.occurredAt,
      position,
    ]);
    return { items: shown.map(({ change }) => change), nextCursor };
  }
}

/** A page ends early rather than hold more: a change has up to two full lists of entries, and 500 such would be 500 MB. */
const MAX_PAGE_BYTES = 4_194_304;

/** A change with its position in the journal. */
interface PlacedChange {
  readonly position: string;
  readonly change: Change;
}

/**
 * The next changes of the scope, newest first, at most `limit` and never none where there are any. By time, and those of one
 * millisecond by position, which is the journal's order. `found` is greater than their number
 * where the page ended early. Within `inTenant` or `ofNoTenant`, as `postern_audit_reader`.
 */
export async function readChanges(
  manager: EntityManager,
  scope: ChangeScope,
  filter: ChangeFilter,
  { limit, after }: PageRequest,
): Promise<{ readonly changes: readonly PlacedChange[]; readonly found: number }> {
  const parameters: unknown[] = [];
  const value = (given: unknown) => `$${parameters.push(given)}`;
  const conditions = [scope.tenantId === null ? 'tenant_id IS NULL' : `tenant_id = ${value(scope.tenantId)}`];
  if (scope.smtpUserId !== null) conditions.push(`smtp_user_id = ${value(scope.smtpUserId)}`);
  if (filter.from !== undefined) conditions.push(`occurred_at >= ${value(filter.from)}::timestamptz`);
  if (filter.to !== undefined) conditions.push(`occurred_at < ${value(filter.to)}::timestamptz`);
  if (after) conditions.push(`(occurred_at, position) < (${value(after[0])}::timestamptz, ${value(after[1])}::bigint)`);
  const most = value(limit);
  const pageOf = (...more: string[]) =>
    `SELECT * FROM audit.changes WHERE ${[...conditions, ...more].join(' AND ')} ${NEWEST_FIRST} LIMIT ${most}`;
  const page = filter.actor === undefined ? pageOf() : byActor(pageOf, value(filter.actor), most);
  const records = await manager.query<ChangeRecord[]>(
    `WITH page AS MATERIALIZED (
       ${page}
     ), sized AS (
       SELECT *, count(*) OVER () AS found,
              sum(octet_length(data::text) + coalesce(octet_length(before::text), 0) + coalesce(octet_length(after::text), 0))
                OVER (${NEWEST_FIRST} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before_it
         FROM page
     )
     SELECT position, event_id, type, occurred_at, actor, request_id, smtp_user_id, username, data, before, after, version, found
       FROM sized WHERE coalesce(bytes_before_it, 0) < ${MAX_PAGE_BYTES} ${NEWEST_FIRST}`,
    parameters,
  );
  const changes = records.map((record) => ({ position: record.position, change: changeOf(record) }));
  return { changes, found: Number(records[0]?.found ?? 0) };
}

const NEWEST_FIRST = 'ORDER BY occurred_at DESC, position DESC';

/** By the id of the key or by its name, each through an index: with `OR`, neither index would give its rows in order. */
function byActor(pageOf: (...more: string[]) => string, actor: string, most: string): string {
  const byId = pageOf(`actor_key_id = ${actor}`);
  const byName = pageOf(`actor_name = ${actor}`, `actor_key_id IS DISTINCT FROM ${actor}`);
  return `SELECT * FROM ((${byId}) UNION ALL (${byName})) either ${NEWEST_FIRST} LIMIT ${most}`;
}

interface ChangeRecord {
  readonly position: string;
  readonly event_id: string;
  readonly type: EventType;
  readonly occurred_at: Date;
  readonly actor: Actor;
  readonly request_id: string;
  readonly smtp_user_id: SmtpUserId | null;
  readonly username: string | null;
  readonly data: unknown;
  readonly before: object | null;
  readonly after: object | null;
  readonly version: number;
  readonly found: string;
}

function changeOf(record: ChangeRecord): Change {
  const { role, keyId, name } = record.actor;
  return {
    eventId: record.event_id,
    type: record.type,
    occurredAt: record.occurred_at.toISOString(),
    actor: { role, keyId, name },
    requestId: record.request_id,
    smtpUserId: record.smtp_user_id,
    username: record.username,
    data: record.data,
    before: record.before,
    after: record.after,
    version: record.version,
  };
}
