import { Controller, Get, Query } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import { Allow, Tenant } from '@postern/http';
import { ListRoute } from '@postern/lists';
import { entries, type EntriesParams, ListEntries } from './list-entries.js';

@Controller('v1/tenants/:tenantId/entries')
@Allow('admin', 'auditor', 'operator')
export class EntriesController {
  @Get()
  @ListRoute(entries, {
    tag: 'Observed sources',
    summary: 'The entries of a tenant’s restrictions, and when each last allowed a login',
  })
  listEntries(@Tenant() tenantId: TenantId, @Query({ schema: entries.query }) params: EntriesParams) {
    return new ListEntries(tenantId, params);
  }
}
