import { Command } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import type { RequestContext } from '@postern/http';
import type { Tenant } from '../tenants.js';

/** Makes a tenant. */
export class CreateTenant extends Command<Tenant> {
  constructor(
    readonly tenantId: TenantId,
    readonly name: string,
    readonly context: RequestContext,
  ) {
    super();
  }
}
