import { setTimeout as sleep } from 'node:timers/promises';

const LED_ATTEMPTS = 50;
const LED_PAUSE_MS = 100;

/**
 * A topic, or partitions, that were made a moment ago may have no leader yet, and kafkajs does not ask again here. Only what a broker answers is
 * waited for: whoever asks tries again by itself where none answers.
 */
export async function onceLed<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const { name, retriable } = error as { name?: string; retriable?: boolean };
      if (name !== 'KafkaJSProtocolError' || retriable !== true || attempt === LED_ATTEMPTS) throw error;
      await sleep(LED_PAUSE_MS);
    }
  }
}
