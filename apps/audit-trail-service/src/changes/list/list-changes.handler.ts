import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Actor, EventType, SmtpUserId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { pageOf, type Page, type PageRequest } from '@postern/service-kit';
import type { DataSource, EntityManager } from 'typeorm';
import { findSmtpUser } from '../../smtp-user/find-smtp-user.js';
import { ListChanges, type Change, type ChangeScope } from './list-changes.query.js';

@QueryHandler(ListChanges)
export class ListChangesHandler implements IQueryHandler<ListChanges> {
  constructor(@InjectDataSource('postern_audit_reader') private readonly dataSource: DataSource) {}

  async execute({ scope, page }: ListChanges): Promise<Page<Change>> {
    const records = await inTenant(this.dataSource, scope.tenantId, async (manager) => {
      if (scope.smtpUserId !== null) await findSmtpUser(manager, scope.smtpUserId);
      return readChanges(manager, scope, { ...page, limit: page.limit + 1 });
    });
    const { items, nextCursor } = pageOf(records, page.limit, (record) => [record.position]);
    return { items: items.map(changeOf), nextCursor };
  }
}

/** By position, which is the journal's order: by time, two changes of one millisecond would have none. */
function readChanges(
  manager: EntityManager,
  scope: ChangeScope,
  { limit, after }: PageRequest,
): Promise<ChangeRecord[]> {
  const parameters: unknown[] = [];
  const value = (given: unknown) => `$${parameters.push(given)}`;
  const conditions = [`tenant_id = ${value(scope.tenantId)}`];
  if (scope.smtpUserId !== null) conditions.push(`smtp_user_id = ${value(scope.smtpUserId)}`);
  if (after) conditions.push(`position < ${value(after[0])}::bigint`);
  return manager.query<ChangeRecord[]>(
    `SELECT position, event_id, type, occurred_at, actor, request_id, smtp_user_id, username, data, version
       FROM audit.changes WHERE ${conditions.join(' AND ')} ORDER BY position DESC LIMIT ${value(limit)}`,
    parameters,
  );
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
  readonly version: number;
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
    version: record.version,
  };
}
