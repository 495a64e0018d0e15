import { withAdmin } from './read-topics.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { type KafkaSettings } from '../client/kafka-client.js';
import { typeOf } from '../client/kafka-errors.js';
import { assertTopicsFit, type CheckedTopics } from './check-topics.js';
import { ensureTopics } from './ensure-topics.js';
import { EVENT_TOPICS } from './topic-settings.js';

const GONE_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 50;

/** Called before a refill: otherwise new messages would precede older ones. Takes full names. If the broker forbids the deletion, the topics stay. */
export async function deleteFilledTopics(settings: KafkaSettings, topics: readonly string[]): Promise<void> {
  await withAdmin(settings, async (admin) => {
    const filled = await thoseWithMessages(admin, topics);
    if (filled.length === 0) return;
    try {
      await admin.deleteTopics({ topics: filled, timeout: GONE_WITHIN_MS });
    } catch (error) {
      if (NOT_ALLOWED.has(typeOf(error))) return;
      throw error;
    }
    for (const late = performance.now() + GONE_WITHIN_MS; performance.now() < late; await sleep(LOOK_AGAIN_MS))
      if ((await thoseWithMessages(admin, filled)).length === 0) return;
  });
}

/**
 * Call it while the services are stopped. The next start creates the topics again, and its consumers read nothing old.
 * @throws `TopicOfAnotherJournal`, `TopicAheadOfJournal` for a topic that is not in `topics`, `KafkaRefused`, `KafkaUnreachable`.
 */
export async function deleteOwnTopics(checked: CheckedTopics, topics: readonly string[]): Promise<void> {
  const { kafka, topicPrefix } = checked;
  await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
  await assertTopicsFit(checked, new Set(topics));
  await withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const names = topics.map((topic) => topicPrefix + topic).filter((name) => existing.has(name));
    await admin.deleteTopics({ topics: names, timeout: GONE_WITHIN_MS });
  });
}

const NOT_ALLOWED: ReadonlySet<string> = new Set(['TOPIC_AUTHORIZATION_FAILED', 'TOPIC_DELETION_DISABLED']);

async function thoseWithMessages(admin: Admin, topics: readonly string[]): Promise<string[]> {
  const existing = new Set(await admin.listTopics());
  const filled: string[] = [];
  for (const topic of topics) {
    try {
      const offsets = existing.has(topic) ? await admin.fetchTopicOffsets(topic) : [];
      if (offsets.some(({ high }) => Number(high) > 0)) filled.push(topic);
    } catch (error) {
      if (typeOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
    }
  }
  return filled;
}
