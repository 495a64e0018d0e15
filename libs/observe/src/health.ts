import { Deadline } from '@postern/async';

/** Null if the condition is met, otherwise what is missing, in a few words. */
export type ReadinessCheck = () => Promise<string | null> | string | null;

export const CHECK_TIMEOUT_MS = 2_000;

export class Readiness {
  private readonly checks = new Map<string, ReadinessCheck>();
  private asking: Promise<Record<string, string>> | null = null;

  add(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** By the check's name; empty if ready. Simultaneous callers share an answer. */
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
