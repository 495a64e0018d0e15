import { Inject, Logger, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { roleUrl } from '@postern/database';
import { EventPublisher } from '@postern/event-bus';
import type { DataSource } from 'typeorm';
import { observeLag, Readiness } from '@postern/observe';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import { feedDataSource } from './feed-data-source.js';
import { eventsPublished, observePublisher } from './publisher-metrics.js';
import { publisherReadiness } from './publisher-readiness.js';

const log = new Logger('publisher');

/** Publishes the journal's events to Kafka for as long as the process runs, in turn with others. It needs `settings.kafka`. */
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
          onFailure: (error) => log.error(`Events could not be published; it is tried again: ${error.message}`),
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
    observePublisher(() => this.publisher.status());
    observeLag('publisher', () => this.publisher.lag());
    this.readiness.add('publisher', publisherReadiness(this.publisher));
  }

  async onModuleDestroy(): Promise<void> {
    await this.publisher.stop();
  }
}
