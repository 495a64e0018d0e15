import { setTimeout as sleep } from 'node:timers/promises';

/** For every wait of a test, below jest's own limit. Usually far too long, but other load can stop a machine for half a minute. */
const PATIENCE_MS = 120_000;

/**
 * Asks until the answer is what a test waits for, and returns that answer; throws with the last one otherwise.
 * The one way to wait for an effect: a test never assumes how much is done in how many milliseconds.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  what = ask.toString(),
  enough: (answer: T) => boolean = Boolean,
): Promise<T> {
  for (const begun = performance.now(); ;) {
    const answer = await ask();
    if (enough(answer)) return answer;
    const waited = performance.now() - begun;
    if (waited > PATIENCE_MS)
      throw new Error(
        `Not within ${PATIENCE_MS / 1_000} s: ${what}. The last answer: ${JSON.stringify(answer)?.slice(0, 2_000)}`,
      );
    // Soon at first; then less often, since what is asked takes CPU from what is waited for.
    await sleep(Math.min(5 + waited / 20, 500));
  }
}
