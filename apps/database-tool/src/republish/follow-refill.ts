import { setTimeout as sleep } from 'node:timers/promises';

export type RefillOutcome =
  | { readonly kind: 'filled'; readonly told: string }
  | { readonly kind: 'nobody-publishes' | 'no-progress' | 'nothing-published'; readonly told: string };

/** What is looked at while a topic is filled. */
export interface Refilling {
  /** So many are still to be written. */
  left(): Promise<number>;
  /** Whether there is a process at this moment that writes the topic. */
  isLed(): Promise<boolean>;
  /** Whose process that is: `a command-service`. */
  readonly who: string;
}

/** A process that publishes and dies is replaced within 5 s by another one, where there is another one. */
const REPLACED_WITHIN_MS = 6_000;
/** Without progress for so long, who publishes is in trouble. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 500;
const TELL_EVERY_MS = 5_000;

/** Looks how much is left until nothing is; tells it now and then. What was asked for stands, also where nobody does it now. */
export async function followRefill(
  { left, isLed, who }: Refilling,
  tell: (line: string) => void,
): Promise<RefillOutcome> {
  const began = performance.now();
  let led = began;
  let last = { left: Infinity, at: began };
  let toldAt = began;
  let toldNobody = false;
  for (;;) {
    const remaining = await left();
    if (remaining === 0) return { kind: 'filled', told: 'The topic has all of it.' };
    const now = performance.now();
    if (remaining < last.left) last = { left: remaining, at: now };
    if (await isLed()) led = now;
    else if (now - led > REPLACED_WITHIN_MS) return { kind: 'nobody-publishes', told: nobody(who) };
    else if (!toldNobody) {
      toldNobody = true;
      tell(`No process publishes at this moment; one that takes over would within ${REPLACED_WITHIN_MS / 1_000} s.`);
    }
    if (now - last.at > PATIENCE_MS) return { kind: 'no-progress', told: stuck(who, remaining) };
    if (led === now && now - toldAt > TELL_EVERY_MS) {
      toldAt = now;
      tell(`${remaining} are left.`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}

const STANDS = 'What was asked for stands, and is done once';

function nobody(who: string): string {
  return `Nobody publishes: ${who} must run on this database, with POSTERN_KAFKA_BROKERS set. ${STANDS} one does.`;
}

function stuck(who: string, left: number): string {
  return `Nothing was written for ${PATIENCE_MS / 1_000} s, and ${left} are left: the log of ${who} tells why. ${STANDS} that is mended.`;
}
