import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { loadReply, type VersionedReply } from '@postern/access';
import type { TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import type { DataSource } from 'typeorm';

export class GetTenantReply extends Query<VersionedReply> {
  constructor(readonly tenantId: TenantId) {
    super();
  }
}

@QueryHandler(GetTenantReply)
export class GetTenantReplyHandler implements IQueryHandler<GetTenantReply> {
  constructor(@InjectDataSource('postern_command') private readonly dataSource: DataSource) {}

  execute({ tenantId }: GetTenantReply): Promise<VersionedReply> {
    return inTenant(this.dataSource, tenantId, (manager) => loadReply(manager, tenantId));
  }
}
