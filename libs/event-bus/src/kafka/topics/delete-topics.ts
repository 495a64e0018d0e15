import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaSettings } from '../client/kafka-client.js';
import { typeOf } from '../client/kafka-errors.js';
import { assertTopicsFit, type CheckedTopics } from './check-topics.js';
import { ensureTopics } from './ensure-topics.js';
import { withAdmin } from './read-topics.js';
import { EVENT_TOPICS } from './topic-settings.js';

const GONE_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 50;

/** Deletes those that exist, and waits until the broker has. `topics`: full names. @throws `KafkaRefused`, `KafkaUnreachable`. */
export async function deleteTopics(settings: KafkaSettings, topics: readonly string[]): Promise<void> {
  await withAdmin(settings, async (admin) => {
    const existing = async () => (await admin.listTopics()).filter((topic) => topics.includes(topic));
    const names = await existing();
    if (names.length === 0) return;
    await admin.deleteTopics({ topics: names, timeout: GONE_WITHIN_MS });
    for (const late = performance.now() + GONE_WITHIN_MS; performance.now() < late; await sleep(LOOK_AGAIN_MS))
      if ((await existing()).length === 0) return;
  });
}

/** Whether the broker keeps its topics: for this account, or for everybody. */
export function isDeletionForbidden(error: unknown): boolean {
  return ['TOPIC_AUTHORIZATION_FAILED', 'TOPIC_DELETION_DISABLED'].includes(typeOf(error));
}

/**
 * Call it while the services are stopped. The next start creates the topics again, and its consumers read nothing old.
 * @throws `TopicOfAnotherJournal`, `TopicAheadOfJournal` for a topic that is not in `topics`, `KafkaRefused`, `KafkaUnreachable`.
 */
export async function deleteOwnTopics(checked: CheckedTopics, topics: readonly string[]): Promise<void> {
  const { kafka, topicPrefix } = checked;
  await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
  await assertTopicsFit(checked, new Set(topics));
  await deleteTopics(
    kafka,
    topics.map((topic) => topicPrefix + topic),
  );
}
