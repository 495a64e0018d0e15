import { setTimeout as sleep } from 'node:timers/promises';

/** Steps with an unexpected result. */
export let failures = 0;

export function title(text: string): void {
  console.log(`\n${text}`);
}

export function line(left: string, right: string): void {
  console.log(`  ${left.padEnd(52)} ${right}`);
}

/** Prints a step with its result `came`, and with `expected` if they differ. */
export function step(what: string, came: string, expected: RegExp): void {
  const right = expected.test(came);
  if (!right) failures += 1;
  line(what, right ? came : `${came}   <-- EXPECTED ${expected.source}`);
}

/** Asks until the answer is as expected, for at most five seconds; returns the last answer. */
export async function until<T>(ask: () => T | Promise<T>, expected: (answer: T) => boolean): Promise<T> {
  const start = performance.now();
  for (;;) {
    const answer = await ask();
    if (expected(answer) || performance.now() - start > 5_000) return answer;
    await sleep(1);
  }
}
