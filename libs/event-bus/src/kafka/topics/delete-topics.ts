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

/**
 * Deletes those of the topics that hold messages, before they are filled again: what came to them after they were recreated would else
 * come before what is older, and no reader would find the journal's order. Where the broker does not allow it, they are left as they
 * are. `topics` are complete names. Throws as `withAdmin`.
 */
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
 * Deletes those of the topics that exist, whatever they hold, unless they are another journal's: while the services are stopped, so that
 * the next start makes them, and none of its consumers reads what they held. Throws `TopicOfAnotherJournal`, `TopicAheadOfJournal` for a topic
 * that is not among them, `KafkaRefused`, `KafkaUnreachable`.
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
      // It was deleted meanwhile.
      if (typeOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
    }
  }
  return filled;
}
