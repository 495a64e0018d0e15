import { Controller, Get, Param, Query } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import { Allow, Tenant } from '@postern/http';
import { ListRoute } from '@postern/lists';
import { deniedIps, type DeniedIpsParams, ListDeniedIps } from './list-denied-ips.js';

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class DeniedIpsController {
  @Get('smtp-users/:smtpUserId/denied-ips')
  @ListRoute(deniedIps, {
    tag: 'Audit trail',
    summary: 'The addresses from which an SMTP user was denied, with suggested entries',
  })
  listDeniedIps(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: deniedIps.query }) params: DeniedIpsParams,
  ) {
    return new ListDeniedIps({ tenantId, smtpUserId }, params);
  }
}
