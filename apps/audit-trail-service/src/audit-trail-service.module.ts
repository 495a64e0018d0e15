import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CONSUMER_POOL } from '@postern/database';
import { dataSourceModule } from '@postern/data-sources';
import { ListAnswersModule } from '@postern/lists';
import { ObservedLoginsModule } from '@postern/observed-logins';
import { Consumers } from '@postern/process';
import { ChangesController } from './changes/changes.controller.js';
import { ListChangesHandler } from './changes/list-changes.js';
import { AuditConsumers } from './consumers/audit-consumers.js';
import { DeadLetter } from './dead-letters/dead-letters.js';
import { DeadLettersController } from './dead-letters/dead-letters.controller.js';
import { CountDenialsHandler } from './denials/count-denials.js';
import { DenialsController } from './denials/denials.controller.js';
import { ListDenialsHandler } from './denials/list-denials.js';
import { ListRefusingNowHandler } from './denials/list-refusing-now.js';
import { SummariseDenialsHandler } from './denials/summarise-denials.js';
import { ListDeniedIpsHandler } from './denials/list-denied-ips.js';
import { DenialStreamController } from './live-denials/denial-stream.controller.js';
import { DenialStreams } from './live-denials/denial-streams.js';
import { ListEntriesHandler } from './sources/list-entries.js';
import { Retention } from './retention/retention.js';
import { CheckAddressHandler } from './restriction/check-address.js';
import { PreviewRestrictionHandler } from './restriction/preview-restriction.js';
import { RestrictionController } from './restriction/restriction.controller.js';
import { SuggestRestrictionHandler } from './restriction/suggest-restriction.js';
import { CountSourcesHandler } from './sources/count-sources.js';
import { ListSourcesHandler } from './sources/list-sources.js';
import { LOGIN_LIMITS } from './sources/read-login.js';
import { RelayLoginsController } from './sources/relay-logins.controller.js';
import { ReportLoginsHandler } from './sources/report-logins.js';
import { SourcesController } from './sources/sources.controller.js';

@Module({
  imports: [
    CqrsModule,
    ListAnswersModule,
    ObservedLoginsModule,
    // One connection per consumer, one for readiness and partitions, one for retention, and those of the batches of logins.
    dataSourceModule('postern_audit', {
      entities: [DeadLetter],
      poolSize: 4 + LOGIN_LIMITS.batchesAtOnce,
      ...CONSUMER_POOL,
    }),
    dataSourceModule('postern_audit_reader', { poolSize: 6 }),
  ],
  controllers: [
    DenialsController,
    DenialStreamController,
    ChangesController,
    RelayLoginsController,
    RestrictionController,
    SourcesController,
    DeadLettersController,
  ],
  providers: [
    ListDenialsHandler,
    CountDenialsHandler,
    ListRefusingNowHandler,
    SummariseDenialsHandler,
    ListDeniedIpsHandler,
    ListChangesHandler,
    CheckAddressHandler,
    SuggestRestrictionHandler,
    PreviewRestrictionHandler,
    ListEntriesHandler,
    Consumers,
    AuditConsumers,
    ReportLoginsHandler,
    ListSourcesHandler,
    CountSourcesHandler,
    Retention,
    DenialStreams,
  ],
})
export class AuditTrailServiceModule {}
