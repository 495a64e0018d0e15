import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { dataSourceModule } from '@postern/data-sources';
import { ObservedLoginsModule } from '@postern/observed-logins';
import { ApiKeysController } from './api-key/api-keys.controller.js';
import { FirstOperatorKey } from './api-key/first-operator-key.js';
import { IssueApiKeyHandler } from './api-key/issue-api-key.js';
import { ListApiKeysHandler } from './api-key/list-api-keys.js';
import { RevokeApiKeyHandler } from './api-key/revoke-api-key.js';
import { ExpiredRows } from './expired-rows.js';
import { JournalModule, WRITE_POOL } from './journal/journal.module.js';
import { DecideLoginHandler } from './relay/decide-login.js';
import { DecidedLogins } from './relay/decided-logins.js';
import { RelayController } from './relay/relay.controller.js';
import { ReportDenialsHandler } from './relay/report-denials.js';
import { RestrictionController } from './restriction/restriction.controller.js';
import { ChangeSmtpUserHandler } from './smtp-user/change-smtp-user.js';
import { SessionController } from './session/session.controller.js';
import { Sessions } from './session/sessions.js';
import { LockoutGuard } from './smtp-user/lockout-guard.js';
import { SmtpUserStates } from './smtp-user/smtp-user-states.js';
import { SmtpUsersController } from './smtp-user/smtp-users.controller.js';
import { CreateTenantHandler } from './tenant/create-tenant.js';
import { ListTenantsHandler } from './tenant/list-tenants.js';
import { SetTenantReplyHandler } from './tenant/set-tenant-reply.js';
import { TenantReplyController } from './tenant/tenant-reply.controller.js';
import { TenantsController } from './tenant/tenants.controller.js';
import { EventWriter } from './write/event-writer.js';
import { IdempotencyStore } from './write/idempotency-store.js';
import { Writes } from './write/writes.js';

@Module({
  imports: [CqrsModule, JournalModule, ObservedLoginsModule, dataSourceModule('postern_command', WRITE_POOL)],
  controllers: [
    ApiKeysController,
    RelayController,
    RestrictionController,
    SessionController,
    SmtpUsersController,
    TenantReplyController,
    TenantsController,
  ],
  providers: [
    ChangeSmtpUserHandler,
    CreateTenantHandler,
    DecideLoginHandler,
    IssueApiKeyHandler,
    ListApiKeysHandler,
    ListTenantsHandler,
    ReportDenialsHandler,
    RevokeApiKeyHandler,
    SetTenantReplyHandler,
    DecidedLogins,
    EventWriter,
    ExpiredRows,
    FirstOperatorKey,
    IdempotencyStore,
    LockoutGuard,
    Sessions,
    SmtpUserStates,
    Writes,
  ],
})
export class CommandServiceModule {}
