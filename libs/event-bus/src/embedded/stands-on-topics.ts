import { JOURNAL_SOURCE } from '@postern/event-store';
import type { Subscription } from '../event-bus.js';

/** The consumer came on by Kafka: on the journal's own feed it would begin before events that it has applied. */
export class StandsOnTopics extends Error {
  override readonly name = 'StandsOnTopics';
  constructor(consumer: string) {
    super(
      `${consumer} last took its events from Kafka, and does not stand at one place of the journal. Start with ` +
        'POSTERN_KAFKA_BROKERS as before. To go on without Kafka, stop every process of Postern and make the read models anew, ' +
        'with POSTERN_KAFKA_BROKERS and POSTERN_KAFKA_PARTITIONS still as they were: `npm run postern -- rebuild relay-policies`, ' +
        'and so directory, changes and denials. Then start without them.',
    );
  }
}

/**
 * Throws `StandsOnTopics` where a checkpoint on a topic's partition lies behind the one on the journal's own feed. None does after a
 * rebuild, and none where a Postern without a broker has come on since.
 */
export async function refuseFromTopics({
  consumer,
  checkpoints: { dataSource, table },
}: Pick<Subscription, 'consumer' | 'checkpoints'>): Promise<void> {
  const [beyond] = await dataSource.query<unknown[]>(
    `SELECT FROM ${table} topic LEFT JOIN ${table} journal ON journal.consumer = topic.consumer AND journal.source = $2
      WHERE topic.consumer = $1 AND topic.source <> $2
        AND (topic.xid, topic.position) > (coalesce(journal.xid, '0'), coalesce(journal.position, 0)) LIMIT 1`,
    [consumer, JOURNAL_SOURCE],
  );
  if (beyond) throw new StandsOnTopics(consumer);
}
