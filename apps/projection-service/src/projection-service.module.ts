import { Module, type DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CONSUMER_POOL } from '@postern/database';
import { dataSourceModule } from '@postern/data-sources';
import { ListAnswersModule } from '@postern/lists';
import { Consumers } from '@postern/process';
import { ProjectionConsumers } from './consumers/projection-consumers.js';
import { Dashboard } from './dashboard/dashboard.js';
import { MyIpController } from './my-ip/my-ip.controller.js';
import { GetSystemHandler } from './operator/get-system.js';
import { ListRelaysHandler } from './operator/list-relays.js';
import { OperatorController } from './operator/operator.controller.js';
import { PolicyPublisher } from './relay-policies/publish/policy-publisher.js';
import { PolicySnapshotController } from './relay-policies/snapshot/policy-snapshot.controller.js';
import { PolicySnapshots } from './relay-policies/snapshot/policy-snapshots.js';
import { PolicyStreamController } from './relay-policies/stream/policy-stream.controller.js';
import { PolicyStream } from './relay-policies/stream/policy-stream.js';
import { DEFAULT_STREAM_LIMITS, STREAM_LIMITS, type StreamLimits } from './relay-policies/stream/stream-limits.js';
import { CountSmtpUsersHandler } from './smtp-user-directory/count-smtp-users.js';
import { GetSmtpUserHandler } from './smtp-user-directory/get-smtp-user.js';
import { ListSmtpUsersHandler } from './smtp-user-directory/list-smtp-users.js';
import { SmtpUsersController } from './smtp-user-directory/smtp-users.controller.js';

@Module({
  imports: [
    CqrsModule,
    ListAnswersModule,
    dataSourceModule('postern_projection', { poolSize: 4, ...CONSUMER_POOL }),
    dataSourceModule('postern_directory_reader', { poolSize: 6 }),
    // For requests, the tail, and streams that catch up.
    dataSourceModule('postern_relay_reader', { poolSize: 2 + DEFAULT_STREAM_LIMITS.catchUpReads }),
  ],
  controllers: [
    SmtpUsersController,
    PolicySnapshotController,
    PolicyStreamController,
    MyIpController,
    OperatorController,
  ],
  providers: [
    ListSmtpUsersHandler,
    GetSmtpUserHandler,
    CountSmtpUsersHandler,
    GetSystemHandler,
    ListRelaysHandler,
    PolicySnapshots,
    PolicyStream,
    PolicyPublisher,
    Consumers,
    ProjectionConsumers,
    Dashboard,
    { provide: STREAM_LIMITS, useValue: DEFAULT_STREAM_LIMITS },
  ],
})
export class ProjectionServiceModule {
  static withLimits(limits: Partial<StreamLimits>): DynamicModule {
    const useValue: StreamLimits = { ...DEFAULT_STREAM_LIMITS, ...limits };
    return { module: ProjectionServiceModule, providers: [{ provide: STREAM_LIMITS, useValue }] };
  }
}
