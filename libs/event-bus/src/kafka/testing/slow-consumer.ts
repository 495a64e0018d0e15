import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { applyByVersion } from '../../testing/bus-world.js';
import { KafkaEventBus } from '../kafka-event-bus.js';
import type { KafkaSettings } from '../client/kafka-client.js';

/** The process's settings, as JSON in its first argument. */
export interface SlowConsumer {
  readonly url: string;
  readonly kafka: KafkaSettings;
  readonly topicPrefix: string;
  readonly consumer: string;
  readonly table: string;
}

/** A process with one consumer that says `inside` once it has read what was applied, waits a moment, writes, and says `ended`. */
const settings = JSON.parse(process.argv[2] ?? '{}') as SlowConsumer;
const dataSource = await openDataSource(settings.url, 'postern_projection', { poolSize: 2 });
const bus = new KafkaEventBus({ kafka: settings.kafka, topicPrefix: settings.topicPrefix, retryFirstMs: 10 });
await bus.subscribe({
  consumer: settings.consumer,
  topics: [TOPICS.smtpUsers],
  checkpoints: { dataSource, table: settings.table },
  handle: (batch) =>
    applyByVersion(dataSource, settings.consumer, batch, async () => {
      process.stdout.write('inside\n');
      await sleep(300);
    }).finally(() => process.stdout.write('ended\n')),
});
