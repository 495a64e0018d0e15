import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';

const LED_ATTEMPTS = 50;
const LED_PAUSE_MS = 100;

export interface PartitionOffsets {
  readonly partition: number;
  /** Of the first message that there is. */
  readonly low: number;
  /** Of the next message that comes. */
  readonly high: number;
}

/**
 * Where each partition of a topic begins and ends. A topic, or partitions, that were made a moment ago may have no leader yet, and kafkajs
 * does not ask again here. Only what a broker answers is waited for: callers try again where none answers.
 */
export async function topicOffsets(admin: Admin, topic: string): Promise<PartitionOffsets[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const found = await admin.fetchTopicOffsets(topic);
      return found.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }));
    } catch (error) {
      const { name, retriable } = error as { name?: string; retriable?: boolean };
      if (name !== 'KafkaJSProtocolError' || retriable !== true || attempt === LED_ATTEMPTS) throw error;
      await sleep(LED_PAUSE_MS);
    }
  }
}
