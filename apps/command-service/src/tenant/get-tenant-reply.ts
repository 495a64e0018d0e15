import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DEFAULT_TENANT_REPLY, type TenantId, type TenantReply } from '@postern/contracts';
import { inTenant } from '@postern/database';
import type { DataSource, EntityManager } from 'typeorm';

export interface VersionedReply {
  readonly reply: TenantReply;
  readonly version: number;
}

export class GetTenantReply extends Query<VersionedReply> {
  constructor(readonly tenantId: TenantId) {
    super();
  }
}

@QueryHandler(GetTenantReply)
export class GetTenantReplyHandler implements IQueryHandler<GetTenantReply> {
  constructor(@Inject(getDataSourceToken('postern_command')) private readonly dataSource: DataSource) {}

  execute({ tenantId }: GetTenantReply): Promise<VersionedReply> {
    return inTenant(this.dataSource, tenantId, (manager) => loadReply(manager, tenantId));
  }
}

export async function loadReply(manager: EntityManager, tenantId: TenantId): Promise<VersionedReply> {
  const [row] = await manager.query<VersionedReply[]>(
    'SELECT reply, version FROM access.tenant_replies WHERE tenant_id = $1',
    [tenantId],
  );
  // The tenant's only event so far is its creation.
  return row ?? { reply: DEFAULT_TENANT_REPLY, version: 1 };
}
