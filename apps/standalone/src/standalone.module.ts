import {
  Global,
  Inject,
  Injectable,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
} from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { AuditTrailServiceModule } from '@postern/audit-trail-service';
import { CommandServiceModule } from '@postern/command-service';
import { roleUrl } from '@postern/database';
import { EmbeddedEventBus, EVENT_BUS, type EventBus } from '@postern/event-bus';
import { ProjectionServiceModule } from '@postern/projection-service';
import {
  AccessModule,
  dataSourceModule,
  ObserveModule,
  SETTINGS,
  SettingsModule,
  type RuntimeSettings,
} from '@postern/service-kit';
import type { DataSource } from 'typeorm';

const log = new Logger('event bus');

/** Ends the bus once the services' own subscriptions have ended. */
@Injectable()
class BusEnd implements BeforeApplicationShutdown {
  constructor(@Inject(EVENT_BUS) private readonly bus: EventBus) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.bus.stop();
  }
}

/** The bus of one process: the journal's own feed. */
@Global()
@Module({
  imports: [dataSourceModule('postern_feed', { poolSize: 4 })],
  providers: [
    BusEnd,
    {
      provide: EVENT_BUS,
      inject: [getDataSourceToken('postern_feed'), SETTINGS],
      useFactory: (feed: DataSource, settings: RuntimeSettings) =>
        new EmbeddedEventBus({
          feed,
          feedUrl: roleUrl(settings.databaseUrl, 'postern_feed'),
          onFailure: (consumer, error) =>
            log.error(`${consumer} could not handle its events and tries again: ${error.message}`),
        }),
    },
  ],
  exports: [EVENT_BUS],
})
class EmbeddedBusModule {}

/** All three services in one process. */
@Module({})
export class StandaloneModule {
  static forRoot(settings: RuntimeSettings): DynamicModule {
    return {
      module: StandaloneModule,
      imports: [
        SettingsModule.forRoot(settings),
        ObserveModule,
        AccessModule,
        EmbeddedBusModule,
        CommandServiceModule,
        ProjectionServiceModule,
        AuditTrailServiceModule,
      ],
    };
  }
}
