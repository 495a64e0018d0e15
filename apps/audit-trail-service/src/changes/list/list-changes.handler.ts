import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { inTenant, ofNoTenant } from '@postern/database';
import { pageUpTo, type Page } from '@postern/lists';
import type { DataSource, EntityManager } from 'typeorm';
import { findSmtpUser } from '../../smtp-user/find-smtp-user.js';
import { ListChanges, type Change } from './list-changes.query.js';
import { readChanges } from './read-changes.js';

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
