import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { tenantStream, type TenantId } from '@postern/contracts';
import { Journal, VersionConflict } from '@postern/event-store';
import { eventMetadata, Problem, violates } from '@postern/http';
import type { DataSource } from 'typeorm';
import { CLOCK, type Clock } from '../../clock.js';
import { keepAnswer } from '../../idempotency/kept-answers.js';

import { insertTenant, type Tenant } from '../tenants.js';
import { CreateTenant } from './create-tenant.command.js';

@CommandHandler(CreateTenant)
export class CreateTenantHandler implements ICommandHandler<CreateTenant> {
  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ tenantId, name, context }: CreateTenant): Promise<Tenant> {
    const tenant: Tenant = { id: tenantId, name, createdAt: this.clock().toISOString() };
    try {
      await this.writer.transaction(async (manager) => {
        await this.journal.appendWithin(manager, {
          tenantId,
          streamId: tenantStream(tenantId),
          expectedVersion: 0,
          events: [{ type: 'TenantCreated', data: { tenantId, name } }],
          metadata: eventMetadata(context),
        });
        if (context.idempotency) await keepAnswer(manager, context.idempotency, tenant);
        await insertTenant(manager, tenant);
      });
    } catch (error) {
      throw error instanceof VersionConflict || violates(error, 'tenants_pkey') ? tenantExists(tenantId, error) : error;
    }
    return tenant;
  }
}

function tenantExists(tenantId: TenantId, cause: unknown): Problem {
  return new Problem('tenant-exists', `There is a tenant ${tenantId} already. Choose another id, or use that one.`, {
    cause,
  });
}
