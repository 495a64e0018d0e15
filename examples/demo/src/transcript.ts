import { setTimeout as sleep } from 'node:timers/promises';

/** Prints the steps, and counts those with an unexpected result. */
export class Transcript {
  failures = 0;

  title(text: string): void {
    console.log(`\n${text}`);
  }

  line(left: string, right: string): void {
    console.log(`  ${left.padEnd(52)} ${right}`);
  }

  /** Prints a step with its result `came`, and with `expected` if they differ. */
  step(what: string, came: string, expected: RegExp): void {
    const right = expected.test(came);
    if (!right) this.failures += 1;
    this.line(what, right ? came : `${came}   <-- EXPECTED ${expected.source}`);
  }
}

/** Asks until the answer is as expected, for at most five seconds; returns the last answer and the milliseconds it took. */
export async function until<T>(
  ask: () => Promise<T>,
  expected: (answer: T) => boolean,
): Promise<{ answer: T; ms: number }> {
  const start = performance.now();
  for (;;) {
    const answer = await ask();
    const ms = performance.now() - start;
    if (expected(answer) || ms > 5_000) return { answer, ms };
    await sleep(1);
  }
}
