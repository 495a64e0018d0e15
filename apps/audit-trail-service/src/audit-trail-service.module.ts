import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CONSUMER_POOL } from '@postern/database';
import { dataSourceModule } from '@postern/data-sources';
import { ListAnswersModule } from '@postern/lists';
import { ListChangesController } from './changes/list/list-changes.controller.js';
import { ListOperatorChangesController } from './changes/list/list-operator-changes.controller.js';
import { ListChangesHandler } from './changes/list/list-changes.handler.js';
import { AuditConsumers } from './consumers/audit-consumers.js';
import { ListDenialsController } from './denials/list/list-denials.controller.js';
import { ListDenialsHandler } from './denials/list/list-denials.handler.js';
import { RetentionSweeper } from './denials/retention/retention-sweeper.js';
import { ListDeniedIpsController } from './denied-ips/list/list-denied-ips.controller.js';
import { ListDeniedIpsHandler } from './denied-ips/list/list-denied-ips.handler.js';

/** What auditors and support ask: who was denied, from where, since when and why; who changed what. */
@Module({
  imports: [
    CqrsModule,
    ListAnswersModule,
    // A connection for each consumer, one for readiness and partitions, and one for the retention.
    dataSourceModule('postern_audit', { poolSize: 4, ...CONSUMER_POOL }),
    dataSourceModule('postern_audit_reader', { poolSize: 6 }),
  ],
  controllers: [ListDenialsController, ListDeniedIpsController, ListChangesController, ListOperatorChangesController],
  providers: [ListDenialsHandler, ListDeniedIpsHandler, ListChangesHandler, AuditConsumers, RetentionSweeper],
})
export class AuditTrailServiceModule {}
