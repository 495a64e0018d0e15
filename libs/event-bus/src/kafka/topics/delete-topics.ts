import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { kafkaClient } from '../client/kafka-client.js';
import type { KafkaSettings } from '../client/kafka-settings.js';

const GONE_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 50;

/**
 * Deletes those of the topics that hold messages, so that they are made anew. Before a topic is filled again: what came to it
 * since it was made anew would else stand before what is older, and no reader would find the journal's order. Where the broker
 * does not allow it, they are left as they are. `topics` are whole names. Throws what kafkajs throws.
 */
export async function deleteFilledTopics(settings: KafkaSettings, topics: readonly string[]): Promise<void> {
  const admin = kafkaClient(settings, 'postern-topics').admin();
  try {
    await admin.connect();
    const there = new Set(await admin.listTopics());
    const filled: string[] = [];
    for (const topic of topics) if (there.has(topic) && (await holdsMessages(admin, topic))) filled.push(topic);
    if (filled.length === 0) return;
    await admin.deleteTopics({ topics: filled, timeout: GONE_WITHIN_MS });
    await untilEmpty(admin, filled);
  } catch (error) {
    if (!NOT_ALLOWED.has(typeOf(error))) throw error;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** Deletes those of the topics that are there, whatever they hold. `topics` are whole names. Throws what kafkajs throws. */
export async function deleteTopics(settings: KafkaSettings, topics: readonly string[]): Promise<void> {
  const admin = kafkaClient(settings, 'postern-topics').admin();
  try {
    await admin.connect();
    const there = new Set(await admin.listTopics());
    await admin.deleteTopics({ topics: topics.filter((topic) => there.has(topic)), timeout: GONE_WITHIN_MS });
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
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

/** A consumer may have made it anew by now. */
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
