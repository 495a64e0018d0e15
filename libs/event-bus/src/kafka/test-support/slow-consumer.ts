import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { KafkaEventBus } from '../kafka-event-bus.js';
import type { KafkaSettings } from '../client/kafka-settings.js';

/** What the process is told, as JSON in its first argument. */
export interface SlowConsumer {
  readonly url: string;
  readonly kafka: KafkaSettings;
  readonly topicPrefix: string;
  readonly consumer: string;
  readonly table: string;
  readonly insertEffect: string;
}

/** A process with one consumer that says `inside` between a batch's effects and its checkpoint, and waits there a moment. */
const told = JSON.parse(process.argv[2] ?? '{}') as SlowConsumer;
const dataSource = await openDataSource(told.url, 'postern_projection', { poolSize: 2 });
const bus = new KafkaEventBus({ kafka: told.kafka, topicPrefix: told.topicPrefix, retryFirstMs: 10 });
await bus.subscribe({
  consumer: told.consumer,
  topics: [TOPICS.smtpUsers],
  checkpoints: { dataSource, table: told.table },
  handle: (batch) =>
    dataSource.transaction(async (manager) => {
      for (const { streamId, version } of batch.events) {
        await manager.query(told.insertEffect, [told.consumer, streamId, version]);
      }
      process.stdout.write('inside\n');
      await sleep(300);
      await batch.advance(manager).catch((error: Error) => {
        process.stdout.write(`${error.name}\n`);
        throw error;
      });
    }),
});
