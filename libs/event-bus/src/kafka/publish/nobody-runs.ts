import { loadJournalId } from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { consumerGroup } from '../consume/consumer-session.js';
import { kafkaClient } from '../client/kafka-client.js';
import { kafkaError } from '../client/kafka-errors.js';
import type { KafkaSettings } from '../client/kafka-settings.js';
import { PUBLISHER_LOCK } from './leader-election.js';

/** Services use the topics that are to be taken from them. */
export class ServicesRunning extends Error {
  override readonly name = 'ServicesRunning';
  constructor(who: string) {
    super(
      `${who} is running. Stop all services, and run it again. One that was killed counts for some seconds more. Nothing was changed.`,
    );
  }
}

/**
 * Runs the work while no command-service publishes, nor can begin to, and none of the consumers has a member in its group.
 * Throws `ServicesRunning`, `KafkaRefused`, `KafkaUnreachable`, and what the work throws.
 */
export async function whileNobodyRuns<T>(
  settings: KafkaSettings,
  feed: DataSource,
  consumers: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const session = feed.createQueryRunner();
  try {
    const [row] = (await session.query('SELECT pg_try_advisory_lock($1) AS taken', [PUBLISHER_LOCK])) as {
      taken: boolean;
    }[];
    if (row?.taken !== true) throw new ServicesRunning('A command-service');
    const journal = await loadJournalId(feed);
    await assertNoMembers(
      settings,
      consumers.map((consumer) => consumerGroup('', consumer, journal)),
    );
    return await work();
  } finally {
    await session.query('SELECT pg_advisory_unlock($1)', [PUBLISHER_LOCK]).catch(() => undefined);
    await session.release();
  }
}

async function assertNoMembers(settings: KafkaSettings, groupIds: string[]): Promise<void> {
  const admin = kafkaClient(settings, 'postern-topics').admin();
  try {
    await admin.connect();
    const { groups } = await admin.describeGroups(groupIds);
    const running = groups.find(({ members }) => members.length > 0);
    if (running) throw new ServicesRunning(`A consumer of the group ${running.groupId}`);
  } catch (error) {
    throw kafkaError(error, settings);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
