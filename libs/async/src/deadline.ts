import { AsyncLocalStorage } from 'node:async_hooks';

const deadlines = new AsyncLocalStorage<Deadline | null>();

/**
 * A moment by which work must have ended, for everything that the work calls. The database pools read it from the asynchronous
 * context: at the deadline they close the connection on which the work waits, and send nothing more for it.
 */
export class Deadline {
  readonly #until: number;
  readonly #ends = new Set<() => void>();
  #passed = false;

  private constructor(readonly ms: number) {
    this.#until = performance.now() + ms;
  }

  /** The deadline of the work that calls this; null where it has none. */
  static get current(): Deadline | null {
    return deadlines.getStore() ?? null;
  }

  /** Milliseconds that are left; 0 where it has passed. */
  get leftMs(): number {
    return this.passed ? 0 : Math.max(0, this.#until - performance.now());
  }

  get passed(): boolean {
    return this.#passed;
  }

  /** Calls `end` at the deadline, until the function that it returns is called. */
  onPassed(end: () => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  /**
   * What the work results in, or the error of `late` after so many milliseconds. What the work has not asked of the database by
   * then is not asked any more. `holds`: asked at the end; where it says no, the work has all the time it needs from then on.
   */
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

  /** Runs work by this deadline, or by none, whatever the one of whoever happened to start it. */
  static run<T>(deadline: Deadline | null, work: () => T): T {
    return deadlines.run(deadline, work);
  }
}

/** Waits until `work` ends, successfully or not, but at most `ms` milliseconds. Resolves to whether it ended; never rejects. */
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
