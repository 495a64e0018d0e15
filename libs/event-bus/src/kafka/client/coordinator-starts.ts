import { setTimeout as sleep } from 'node:timers/promises';

/** So long a broker that has started may take until groups and transactions have their coordinator; who tells of it meanwhile cries wolf. */
export const COORDINATOR_STARTS_WITHIN_MS = 15_000;
const ASK_AGAIN_MS = 100;

/** As brokers answer while they start, also to the first group or transaction that they ever see. */
const STARTING: ReadonlySet<unknown> = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  // kafkajs, where it has asked every broker in vain.
  'KafkaJSGroupCoordinatorNotFound',
]);

/** Whether all that is wrong is that the coordinator is not there yet. It comes by itself, unless the brokers cannot make its topic. */
export function coordinatorStarts(thrown: unknown): boolean {
  for (let at = thrown, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth += 1) {
    if (STARTING.has((at as { type?: string }).type) || STARTING.has(at.name)) return true;
  }
  return false;
}

/** Asks again while the coordinator starts; then throws as `ask` does. */
export async function onceCoordinated<T>(ask: () => Promise<T>): Promise<T> {
  for (const late = performance.now() + COORDINATOR_STARTS_WITHIN_MS; ; await sleep(ASK_AGAIN_MS)) {
    try {
      return await ask();
    } catch (error) {
      if (!coordinatorStarts(error) || performance.now() > late) throw error;
    }
  }
}
