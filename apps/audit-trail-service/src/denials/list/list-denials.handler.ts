import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { inTenant } from '@postern/database';
import { pageOf, type Page } from '@postern/lists';
import type { DataSource } from 'typeorm';
import { findSmtpUser } from '../../smtp-user/find-smtp-user.js';
import { ListDenials } from './list-denials.query.js';
import { readDenials, type Denial } from './read-denials.js';

@QueryHandler(ListDenials)
export class ListDenialsHandler implements IQueryHandler<ListDenials> {
  constructor(@InjectDataSource('postern_audit_reader') private readonly dataSource: DataSource) {}

  async execute({ scope, filter, page }: ListDenials): Promise<Page<Denial>> {
    const denials = await inTenant(this.dataSource, scope.tenantId, async (manager) => {
      if (scope.smtpUserId !== null) await findSmtpUser(manager, scope.smtpUserId);
      return readDenials(manager, scope, filter, { ...page, limit: page.limit + 1 });
    });
    return pageOf(denials, page.limit, (denial) => [denial.occurredAt, denial.id]);
  }
}
