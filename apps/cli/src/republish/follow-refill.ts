import { setTimeout as sleep } from 'node:timers/promises';

export type RefillOutcome =
  | { readonly kind: 'filled'; readonly told: string }
  | { readonly kind: 'nobody-publishes' | 'nothing-published'; readonly told: string };

/** Without progress for so long, nobody publishes. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 500;
const TELL_EVERY_MS = 5_000;

/** Looks how much is left until nothing is; tells it now and then. What was asked for stands, also where nobody does it now. */
export async function followRefill(
  left: () => Promise<number>,
  tell: (line: string) => void,
  who: string,
): Promise<RefillOutcome> {
  let last = { left: Infinity, at: Date.now() };
  let toldAt = Date.now();
  for (;;) {
    const now = await left();
    if (now === 0) return { kind: 'filled', told: 'The topic has all of it.' };
    if (now < last.left) last = { left: now, at: Date.now() };
    if (Date.now() - last.at > PATIENCE_MS) {
      return {
        kind: 'nobody-publishes',
        told: `Nothing was written for ${PATIENCE_MS / 1_000} s, and ${now} are left. Is ${who} running, with Kafka? What was asked for stands, and is done once it is.`,
      };
    }
    if (Date.now() - toldAt > TELL_EVERY_MS) {
      toldAt = Date.now();
      tell(`${now} are left.`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
