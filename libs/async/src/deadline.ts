import { AsyncLocalStorage } from 'node:async_hooks';

const deadlines = new AsyncLocalStorage<Deadline | null>();

/** At the deadline, database pools close the work's connection and send nothing more for it. */
export class Deadline {
  readonly #until: number;
  readonly #ends = new Set<() => void>();
  #passed = false;

  private constructor(readonly ms: number) {
    this.#until = performance.now() + ms;
  }

  static get current(): Deadline | null {
    return deadlines.getStore() ?? null;
  }

  get leftMs(): number {
    return this.passed ? 0 : Math.max(0, this.#until - performance.now());
  }

  get passed(): boolean {
    return this.#passed;
  }

  onPassed(end: () => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  /** Rejects with `late` after `ms` milliseconds; the work then sends no more queries. If `holds` returns false then, the deadline no longer applies. */
  static within<T>(
    ms: number,
    work: () => Promise<T>,
    late: () => Error,
    holds: () => boolean = () => true,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = new Deadline(ms);
      const running = deadlines.run(deadline, work);
      const timer = setTimeout(() => {
        if (!holds()) return;
        reject(late());
        deadline.#passed = true;
        for (const end of deadline.#ends) end();
      }, ms);
      const ended =
        <Outcome>(settle: (outcome: Outcome) => void) =>
        (outcome: Outcome): void => {
          clearTimeout(timer);
          settle(outcome);
        };
      running.then(ended(resolve), ended(reject));
    });
  }

  /** Null: no deadline, whatever the caller's is. */
  static run<T>(deadline: Deadline | null, work: () => T): T {
    return deadlines.run(deadline, work);
  }
}

/** Whether `work` ended within `ms` milliseconds. Never rejects. */
export async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const ended = work.then(
    () => true,
    () => true,
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((done) => {
    timer = setTimeout(() => done(false), ms);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
