import { Controller, Get, Query } from '@nestjs/common';
import { Allow } from '@postern/http';
import { ListRoute } from '@postern/lists';
import { InPath } from '../scope.js';
import { changes, type ChangeScope, type ChangesParams, ListChanges } from './list-changes.js';

@Controller('v1')
export class ChangesController {
  @Get('tenants/:tenantId/changes')
  @Allow('admin', 'auditor', 'operator')
  @ListRoute(changes, { tag: 'Audit trail', summary: 'All changes of a tenant' })
  listChanges(@InPath() scope: ChangeScope, @Query({ schema: changes.query }) params: ChangesParams) {
    return new ListChanges(scope, params);
  }

  @Get('tenants/:tenantId/smtp-users/:smtpUserId/history')
  @Allow('admin', 'auditor', 'operator')
  @ListRoute(
    { ...changes, name: 'history' },
    { tag: 'Audit trail', summary: 'The changes of an SMTP user, also of a removed one' },
  )
  listSmtpUserHistory(@InPath() scope: ChangeScope, @Query({ schema: changes.query }) params: ChangesParams) {
    return new ListChanges(scope, params);
  }

  /** For operators: keys of operators and relays belong to no tenant. */
  @Get('changes')
  @Allow('operator')
  @ListRoute(changes, { tag: 'Audit trail', summary: 'The changes that belong to no tenant' })
  listOperatorChanges(@InPath() scope: ChangeScope, @Query({ schema: changes.query }) params: ChangesParams) {
    return new ListChanges(scope, params);
  }
}
