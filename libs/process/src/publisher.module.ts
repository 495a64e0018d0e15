import { Inject, Logger, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { roleUrl } from '@postern/database';
import { EventPublisher, type PublisherStatus } from '@postern/event-bus';
import type { DataSource } from 'typeorm';
import { Readiness, counter, gauge, observeConsumer } from '@postern/observe';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import { feedDataSource } from './event-bus.module.js';

const log = new Logger('publisher');

/** One leader among the processes. Needs `settings.kafka`. */
@Module({
  imports: [feedDataSource],
  providers: [
    {
      provide: EventPublisher,
      inject: [getDataSourceToken('postern_feed'), SETTINGS],
      useFactory: (feed: DataSource, settings: RuntimeSettings) => {
        if (settings.kafka === null) throw new Error('There is no publisher without POSTERN_KAFKA_BROKERS.');
        return new EventPublisher({
          kafka: settings.kafka,
          feed,
          feedUrl: roleUrl(settings.databaseUrl, 'postern_feed'),
          onFailure: (error) => log.error(`Events could not be published, and are sent again: ${error.message}`),
          onPublished: (events) => eventsPublished.inc(events),
        });
      },
    },
  ],
})
export class PublisherModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(EventPublisher) private readonly publisher: EventPublisher,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.publisher.start();
    const status = () => this.publisher.status();
    observed = status;
    observeConsumer('publisher', this.publisher);
    // An unavailable broker does not make the process unready: writes do not need it, and only the lag shows it.
    this.readiness.add('publisher', () => {
      const { halted, lastError } = status();
      return halted && lastError ? `halted: ${lastError.message}` : null;
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.publisher.stop();
  }
}

let observed: (() => PublisherStatus) | undefined;

const eventsPublished = counter(
  'postern_publisher_events_total',
  'Events that this process has sent to Kafka and that all in-sync replicas have. An event that is sent again counts again.',
);

gauge(
  'postern_publisher_leader',
  '1 if this process publishes the journal’s events, 0 if it is on standby. The sum over all processes must be 1.',
  [],
  (metric) => metric.set(observed?.().role === 'leader' ? 1 : 0),
);

gauge(
  'postern_publisher_halted',
  '1 if an event cannot be sent and all later ones wait: an operator must act.',
  [],
  (metric) => metric.set(observed?.().halted ? 1 : 0),
);
