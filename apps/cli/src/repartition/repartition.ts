import { TOPICS } from '@postern/contracts';
import { openDataSource, openOwnerDataSource } from '@postern/database';
import { deleteTopics, RELAY_POLICIES, whileNobodyRuns, type KafkaSettings } from '@postern/event-bus';
import { askForRepublish, forgetPartitions, loadPartitionCheckpoints } from '@postern/event-store';
import { firstNotApplied, loadLivePlace, type LiveConsumer } from '@postern/read-models';
import type { DataSource, EntityManager } from 'typeorm';
import { READ_MODELS } from '../read-models/read-models.js';

/** A consumer has applied an event and not one before it, which another partition brings: no place of the feed says what it has. */
export class NotCaughtUp extends Error {
  override readonly name = 'NotCaughtUp';
  constructor(consumer: string, partitions: number, streamId: string) {
    super(
      `${consumer} has not applied every event up to the last that it has, such as one of ${streamId}. Start the services with ` +
        `POSTERN_KAFKA_PARTITIONS=${partitions}, as before, let nothing be written until postern_feed_lag_events is 0 for all consumers, and stop ` +
        `them. Where the topics do not have ${partitions} partitions any more, first run this command with that number. Nothing was changed.`,
    );
  }
}

/**
 * Has the topics of events made anew with the number of partitions that is set, and filled from the journal, by the next start of the services.
 * For every consumer whose checkpoints were made with another number, the place in the feed up to which it has applied everything is
 * written down instead of them: whatever partition an event then comes on, it takes effect once and in its key's order. It may be
 * killed anywhere, and run again. `url` is the owner's.
 * Throws `ServicesRunning`, `NotCaughtUp`, `KafkaRefused`, `KafkaUnreachable`.
 */
export async function repartition(url: string, kafka: KafkaSettings, tell: (line: string) => void): Promise<void> {
  const owner = await openOwnerDataSource(url, { poolSize: 1, applicationName: 'postern-repartition' });
  const feed = await openDataSource(url, 'postern_feed', { poolSize: 3 });
  const consumers = Object.values(READ_MODELS).map(({ consumer }) => consumer);
  const names = consumers.map(({ name }) => name);
  try {
    await whileNobodyRuns(kafka, feed, names, async () => {
      await owner.transaction(async (manager) => {
        for (const consumer of consumers) await settle(manager, feed, consumer, kafka.partitions, tell);
      });
      for (const topic of Object.values(TOPICS)) await askForRepublish(feed, topic);
      await deleteTopics(kafka, [...Object.values(TOPICS), RELAY_POLICIES.topic]);
      tell('the topics are deleted: the next start makes them anew, and fills them');
    });
  } finally {
    await Promise.all([owner.destroy(), feed.destroy()]);
  }
}

async function settle(
  manager: EntityManager,
  feed: DataSource,
  consumer: LiveConsumer,
  wanted: number,
  tell: (line: string) => void,
): Promise<void> {
  const { name, checkpoints } = consumer;
  await manager.query(`SELECT FROM ${checkpoints} WHERE consumer = $1 FOR UPDATE`, [name]);
  const { partitions } = await loadPartitionCheckpoints(manager, checkpoints, name);
  // Null: it has read no partition, or none since this was done.
  if (partitions === null || partitions === wanted) return tell(`${name}: goes on where it is`);
  const place = await loadLivePlace(manager, checkpoints, name, partitions);
  const missing = await firstNotApplied(feed, consumer, place);
  if (missing) throw new NotCaughtUp(name, partitions, missing.streamId);
  await forgetPartitions(manager, checkpoints, name, place.end);
  tell(
    `${name}: has applied everything up to position ${place.end.position} of the journal, on ${partitions} partitions`,
  );
}
