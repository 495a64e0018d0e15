import { Deadline } from '@postern/async';

/** One thing without which the service cannot do its work. Resolves to null when well, else to what is missing, in a few words. */
export type ReadinessCheck = () => Promise<string | null> | string | null;

export const CHECK_TIMEOUT_MS = 2_000;

/** What the process needs to be ready; each module adds its own checks. */
export class Readiness {
  private readonly checks = new Map<string, ReadinessCheck>();
  private asking: Promise<Record<string, string>> | null = null;

  add(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** What is missing, by the name of its check; empty when ready. Who asks while others do is given the same answer. */
  missing(): Promise<Record<string, string>> {
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return this.asking;
  }

  private async ask(): Promise<Record<string, string>> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await answer(check)] as const),
    );
    return Object.fromEntries(results.filter((result): result is [string, string] => result[1] !== null));
  }
}

async function answer(check: ReadinessCheck): Promise<string | null> {
  try {
    return await Deadline.within(
      CHECK_TIMEOUT_MS,
      async () => check(),
      () => new Error('no answer in time'),
    );
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
