import {
  Inject,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type Provider,
} from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { roleUrl, CONSUMER_POOL } from '@postern/database';
import { EmbeddedEventBus, EVENT_BUS, type EventBus, KafkaEventBus, type KafkaSettings } from '@postern/event-bus';
import type { DataSource } from 'typeorm';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import { dataSourceModule } from '@postern/data-sources';

const log = new Logger('event bus');

/**
 * One module for bus and publisher, because Nest warns of duplicate names. The short idle time-out ends the transaction of a frozen publisher,
 * which would delay all events.
 */
export const feedDataSource = dataSourceModule('postern_feed', { poolSize: 4, ...CONSUMER_POOL });

export function eventBusModule({ kafka }: RuntimeSettings): DynamicModule {
  return {
    module: EventBusModule,
    global: true,
    imports: kafka === null ? [feedDataSource] : [],
    providers: [kafka === null ? feedBus : kafkaBus(kafka)],
    exports: [EVENT_BUS],
  };
}

const feedBus: Provider = {
  provide: EVENT_BUS,
  inject: [getDataSourceToken('postern_feed'), SETTINGS],
  useFactory: (feed: DataSource, { databaseUrl }: RuntimeSettings) =>
    new EmbeddedEventBus({ feed, feedUrl: roleUrl(databaseUrl, 'postern_feed'), onFailure: failureLogger(log) }),
};

/** The start fails if a topic's configuration is wrong. */
const kafkaBus = (kafka: KafkaSettings): Provider => ({
  provide: EVENT_BUS,
  useFactory: async () => {
    const bus = new KafkaEventBus({ kafka, onFailure: failureLogger(log) });
    await bus.start();
    return bus;
  },
});

@Module({})
class EventBusModule implements BeforeApplicationShutdown {
  constructor(@Inject(EVENT_BUS) private readonly bus: EventBus) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.bus.stop();
  }
}

const LOG_AGAIN_AFTER_MS = 10_000;
/** Messages contain offsets and ids. If there are too many different ones, the map is emptied. */
const MAX_FAILURES = 1_000;

/** A consumer retries each second per partition. Each failure is logged once, then every 10 s with its number. */
export function failureLogger(log: Pick<Logger, 'error'>): (consumer: string, error: Error) => void {
  const logged = new Map<string, { at: number; since: number }>();
  return (consumer, { message }) => {
    const line = `${consumer} could not handle its events and tries again: ${message}`;
    const last = logged.get(line);
    const now = performance.now();
    if (last && now - last.at < LOG_AGAIN_AFTER_MS) {
      last.since += 1;
      return;
    }
    if (logged.size >= MAX_FAILURES) logged.clear();
    logged.set(line, { at: now, since: 0 });
    log.error(last && last.since > 0 ? `${line} (${last.since} more times since the last log line)` : line);
  };
}
