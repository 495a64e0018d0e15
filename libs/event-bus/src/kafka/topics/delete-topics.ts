import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { KafkaSettings } from '../client/kafka-settings.js';
import { withAdmin } from '../client/with-admin.js';
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
    const there = new Set(await admin.listTopics());
    const filled: string[] = [];
    for (const topic of topics) if (there.has(topic) && (await holdsMessages(admin, topic))) filled.push(topic);
    if (filled.length === 0) return;
    try {
      await admin.deleteTopics({ topics: filled, timeout: GONE_WITHIN_MS });
    } catch (error) {
      if (NOT_ALLOWED.has(typeOf(error))) return;
      throw error;
    }
    await untilEmpty(admin, filled);
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

async function holdsMessages(admin: Admin, topic: string): Promise<boolean> {
  try {
    return (await admin.fetchTopicOffsets(topic)).some(({ high }) => Number(high) > 0);
  } catch (error) {
    if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return false;
    throw error;
  }
}

/** A consumer may have recreated it by now. */
async function untilEmpty(admin: Admin, topics: readonly string[]): Promise<void> {
  for (const late = performance.now() + GONE_WITHIN_MS; performance.now() < late; await sleep(LOOK_AGAIN_MS)) {
    const there = new Set(await admin.listTopics());
    const held = await Promise.all(
      topics.filter((topic) => there.has(topic)).map((topic) => holdsMessages(admin, topic)),
    );
    if (!held.includes(true)) return;
  }
}

function typeOf(error: unknown): string {
  return (error as { type?: string }).type ?? '';
}
