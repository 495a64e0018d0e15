import {
  Global,
  Inject,
  Injectable,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type Type,
} from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { roleUrl } from '@postern/database';
import { EmbeddedEventBus, EVENT_BUS, type EventBus } from '@postern/event-bus';
import type { DataSource } from 'typeorm';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import { feedDataSource } from './feed-data-source.js';
import { kafkaBusModule } from './kafka-bus.module.js';
import { PublisherModule } from './publisher.module.js';
import { failureTeller } from './tell-failures.js';

const log = new Logger('event bus');

/** Ends the bus once the services' own subscriptions have ended. */
@Injectable()
class BusEnd implements BeforeApplicationShutdown {
  constructor(@Inject(EVENT_BUS) private readonly bus: EventBus) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.bus.stop();
  }
}

/** The journal's own feed as the bus, for one process or for few on one database. */
@Global()
@Module({
  imports: [feedDataSource],
  providers: [
    BusEnd,
    {
      provide: EVENT_BUS,
      inject: [getDataSourceToken('postern_feed'), SETTINGS],
      useFactory: (feed: DataSource, settings: RuntimeSettings) =>
        new EmbeddedEventBus({
          feed,
          feedUrl: roleUrl(settings.databaseUrl, 'postern_feed'),
          onFailure: failureTeller(log),
        }),
    },
  ],
  exports: [EVENT_BUS],
})
class FeedBusModule {}

/**
 * What brings events to and from a process. One that `reads` is provided with `EVENT_BUS`: Kafka where the settings name
 * brokers, else the journal's feed. One that `publishes` brings the journal's events to Kafka; the feed needs nobody for that.
 */
export function busModules(
  { kafka }: RuntimeSettings,
  roles: readonly ('reads' | 'publishes')[],
): (DynamicModule | Type)[] {
  const reads = kafka === null ? { module: FeedBusModule, global: true } : kafkaBusModule(kafka);
  return [
    ...(roles.includes('reads') ? [reads] : []),
    ...(roles.includes('publishes') && kafka !== null ? [PublisherModule] : []),
  ];
}
