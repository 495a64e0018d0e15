import { setTimeout as sleep } from 'node:timers/promises';

const LED_ATTEMPTS = 50;
const LED_PAUSE_MS = 100;

/** A topic that was made a moment ago may have partitions without a leader yet, and kafkajs does not ask again here. */
export async function onceLed<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { retriable?: boolean }).retriable !== true || attempt === LED_ATTEMPTS) throw error;
      await sleep(LED_PAUSE_MS);
    }
  }
}
