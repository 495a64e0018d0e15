import { Controller, Get, Param, Query } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import { Allow, Tenant } from '@postern/http';
import { ListRoute } from '@postern/lists';
import { changes, type ChangesParams, ListChanges } from './list-changes.js';

@Controller('v1')
export class ChangesController {
  @Get('tenants/:tenantId/changes')
  @Allow('admin', 'auditor', 'operator')
  @ListRoute(changes, { tag: 'Audit trail', summary: 'All changes of a tenant' })
  listChanges(@Tenant() tenantId: TenantId, @Query({ schema: changes.query }) params: ChangesParams) {
    return new ListChanges({ tenantId, smtpUserId: null }, params);
  }

  @Get('tenants/:tenantId/smtp-users/:smtpUserId/history')
  @Allow('admin', 'auditor', 'operator')
  @ListRoute(
    { ...changes, name: 'history' },
    { tag: 'Audit trail', summary: 'The changes of an SMTP user, also of a removed one' },
  )
  listSmtpUserHistory(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: changes.query }) params: ChangesParams,
  ) {
    return new ListChanges({ tenantId, smtpUserId }, params);
  }

  /** For operators: keys of operators and relays belong to no tenant. */
  @Get('changes')
  @Allow('operator')
  @ListRoute(changes, { tag: 'Audit trail', summary: 'The changes that belong to no tenant' })
  listOperatorChanges(@Query({ schema: changes.query }) params: ChangesParams) {
    return new ListChanges({ tenantId: null, smtpUserId: null }, params);
  }
}
