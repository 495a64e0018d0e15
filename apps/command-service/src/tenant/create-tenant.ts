import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { TenantEntity } from '@postern/access';
import { tenantStream, type TenantId } from '@postern/contracts';
import { VersionConflict } from '@postern/event-store';
import { Problem, violates } from '@postern/http';
import { EventWriter } from '../write/event-writer.js';
import type { RequestContext, Written } from '../write/request-context.js';
import type { Tenant } from './tenants.js';

export class CreateTenant extends Command<Written<Tenant>> {
  constructor(
    readonly tenantId: TenantId,
    readonly name: string,
    readonly context: RequestContext,
  ) {
    super();
  }
}

@CommandHandler(CreateTenant)
export class CreateTenantHandler implements ICommandHandler<CreateTenant> {
  constructor(@Inject(EventWriter) private readonly writer: EventWriter) {}

  async execute({ tenantId, name, context }: CreateTenant): Promise<Written<Tenant>> {
    const tenant: Tenant = { id: tenantId, name, createdAt: new Date().toISOString() };
    const answer = { body: tenant };
    try {
      await this.writer.write({
        tenantId,
        streamId: tenantStream(tenantId),
        expectedVersion: 0,
        events: [{ type: 'TenantCreated', data: { tenantId, name } }],
        context,
        answer,
        also: async (manager) => {
          await manager.insert(TenantEntity, tenant);
        },
      });
    } catch (error) {
      if (!(error instanceof VersionConflict) && !violates(error, 'tenants_pkey')) throw error;
      throw new Problem(
        'tenant-exists',
        `The tenant ${tenantId} exists already. Choose another id, or use that tenant.`,
        {
          cause: error,
        },
      );
    }
    return answer;
  }
}
