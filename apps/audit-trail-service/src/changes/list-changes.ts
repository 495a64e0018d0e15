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
    const { nextCursor } = pageUpTo(shown, shown.length < found, ({ position }) => [position]);
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
 * The next changes of the scope, newest first, at most `limit` and never none where there are any. By position, which is
 * the journal's order: by time, two changes of one millisecond would have none. `found` is greater than their number
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
  if (filter.actor !== undefined) {
    const actor = `${value(filter.actor)}::text`;
    conditions.push(`(actor->>'keyId' = ${actor} OR actor->>'name' = ${actor})`);
  }
  if (after) conditions.push(`position < ${value(after[0])}::bigint`);
  const records = await manager.query<ChangeRecord[]>(
    `WITH page AS MATERIALIZED (
       SELECT * FROM audit.changes WHERE ${conditions.join(' AND ')} ORDER BY position DESC LIMIT ${value(limit)}
     ), sized AS (
       SELECT *, count(*) OVER () AS found,
              sum(octet_length(data::text) + coalesce(octet_length(before::text), 0) + coalesce(octet_length(after::text), 0))
                OVER (ORDER BY position DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before_it
         FROM page
     )
     SELECT position, event_id, type, occurred_at, actor, request_id, smtp_user_id, username, data, before, after, version, found
       FROM sized WHERE coalesce(bytes_before_it, 0) < ${MAX_PAGE_BYTES} ORDER BY position DESC`,
    parameters,
  );
  const changes = records.map((record) => ({ position: record.position, change: changeOf(record) }));
  return { changes, found: Number(records[0]?.found ?? 0) };
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
