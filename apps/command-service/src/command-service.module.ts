import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { FORGOTTEN_WRITE_MS } from '@postern/database';
import { dataSourceModule } from '@postern/data-sources';
import { ApiKeyIssue } from './api-key/api-key-issue.js';
import { FirstOperatorKey } from './api-key/ensure-first-operator-key/first-operator-key.js';
import {
  IssueApiKeyController,
  IssueTenantApiKeyController,
} from './api-key/issue-api-key/issue-api-key.controller.js';
import { IssueApiKeyHandler } from './api-key/issue-api-key/issue-api-key.handler.js';
import {
  ListApiKeysController,
  ListTenantApiKeysController,
} from './api-key/list-api-keys/list-api-keys.controller.js';
import { ListApiKeysHandler } from './api-key/list-api-keys/list-api-keys.handler.js';
import {
  RevokeApiKeyController,
  RevokeTenantApiKeyController,
} from './api-key/revoke-api-key/revoke-api-key.controller.js';
import { RevokeApiKeyHandler } from './api-key/revoke-api-key/revoke-api-key.handler.js';
import { WhoAmIController } from './api-key/whoami/whoami.controller.js';
import { systemClock } from './clock.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { ExpiredAnswers } from './idempotency/expired-answers.js';
import { Repeats } from './idempotency/repeats.js';
import { JournalModule } from './journal/journal.module.js';
import { DecideLoginController } from './relay/decide-login/decide-login.controller.js';
import { DecideLoginHandler } from './relay/decide-login/decide-login.handler.js';
import { ReportDenialsController } from './relay/report-denials/report-denials.controller.js';
import { ReportDenialsHandler } from './relay/report-denials/report-denials.handler.js';
import { AddEntriesController } from './restriction/add-entries/add-entries.controller.js';
import { AddEntriesHandler } from './restriction/add-entries/add-entries.handler.js';
import { ChangeModeController } from './restriction/change-mode/change-mode.controller.js';
import { ChangeModeHandler } from './restriction/change-mode/change-mode.handler.js';
import { ClearRestrictionController } from './restriction/clear-restriction/clear-restriction.controller.js';
import { ClearRestrictionHandler } from './restriction/clear-restriction/clear-restriction.handler.js';
import { RemoveEntryController } from './restriction/remove-entry/remove-entry.controller.js';
import { RemoveEntryHandler } from './restriction/remove-entry/remove-entry.handler.js';
import { ReplaceRestrictionController } from './restriction/replace-restriction/replace-restriction.controller.js';
import { ReplaceRestrictionHandler } from './restriction/replace-restriction/replace-restriction.handler.js';
import { RestrictionWrites } from './restriction/restriction-writes.js';
import { RegisterSmtpUserController } from './smtp-user/register-smtp-user/register-smtp-user.controller.js';
import { RegisterSmtpUserHandler } from './smtp-user/register-smtp-user/register-smtp-user.handler.js';
import { RemoveSmtpUserController } from './smtp-user/remove-smtp-user/remove-smtp-user.controller.js';
import { RemoveSmtpUserHandler } from './smtp-user/remove-smtp-user/remove-smtp-user.handler.js';
import { RenameSmtpUserController } from './smtp-user/rename-smtp-user/rename-smtp-user.controller.js';
import { RenameSmtpUserHandler } from './smtp-user/rename-smtp-user/rename-smtp-user.handler.js';
import { SmtpUserStates } from './smtp-user/smtp-user-states.js';
import { SmtpUserWrites } from './smtp-user/smtp-user-writes.js';
import { CreateTenantController } from './tenant/create-tenant/create-tenant.controller.js';
import { CreateTenantHandler } from './tenant/create-tenant/create-tenant.handler.js';
import { ListTenantsController } from './tenant/list-tenants/list-tenants.controller.js';
import { ListTenantsHandler } from './tenant/list-tenants/list-tenants.handler.js';

const CONTROLLERS = [
  AddEntriesController,
  ChangeModeController,
  ClearRestrictionController,
  CreateTenantController,
  DecideLoginController,
  IssueApiKeyController,
  IssueTenantApiKeyController,
  ListApiKeysController,
  ListTenantApiKeysController,
  ListTenantsController,
  RegisterSmtpUserController,
  RemoveEntryController,
  RemoveSmtpUserController,
  RenameSmtpUserController,
  ReplaceRestrictionController,
  ReportDenialsController,
  RevokeApiKeyController,
  RevokeTenantApiKeyController,
  WhoAmIController,
];

const HANDLERS = [
  AddEntriesHandler,
  ChangeModeHandler,
  ClearRestrictionHandler,
  CreateTenantHandler,
  DecideLoginHandler,
  IssueApiKeyHandler,
  ListApiKeysHandler,
  ListTenantsHandler,
  RegisterSmtpUserHandler,
  RemoveEntryHandler,
  RemoveSmtpUserHandler,
  RenameSmtpUserHandler,
  ReplaceRestrictionHandler,
  ReportDenialsHandler,
  RevokeApiKeyHandler,
];

/** The write side. It needs the modules of settings, access and process next to it, and the schemas `journal` and `access`. */
@Module({
  imports: [
    CqrsModule,
    JournalModule,
    dataSourceModule('postern_command', { poolSize: 6, forgottenAfterMs: FORGOTTEN_WRITE_MS }),
  ],
  controllers: CONTROLLERS,
  providers: [
    ...HANDLERS,
    systemClock,
    Dispatcher,
    Repeats,
    ExpiredAnswers,
    SmtpUserStates,
    SmtpUserWrites,
    RestrictionWrites,
    ApiKeyIssue,
    FirstOperatorKey,
  ],
})
export class CommandServiceModule {}
