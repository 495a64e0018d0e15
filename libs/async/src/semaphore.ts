/** Removing the first element of an array copies the rest, so the used part is cut off only from time to time. */
const CUT_AFTER = 1_024;

/**
 * Runs at most `limit` pieces of work at once. The others wait in order of arrival; a new one never overtakes them.
 *
 * | state of a work | next                                                                         |
 * | --------------- | ---------------------------------------------------------------------------- |
 * | (new)           | running, if a permit is free; refused, if `maxWaiting` wait; otherwise waiting |
 * | waiting         | running, when a running work ends and this one is the first that waits       |
 * | running         | ended, by its `release`                                                      |
 */
export class Semaphore {
  #free: number;
  #waiting: (() => void)[] = [];
  #first = 0;

  constructor(
    private readonly limit: number,
    private readonly maxWaiting = Number.POSITIVE_INFINITY,
  ) {
    this.#free = limit;
  }

  get isIdle(): boolean {
    return this.#free === this.limit;
  }

  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  /** Resolves to the function that returns the permit (once), or at once to null if too many wait. */
  async acquire(): Promise<(() => void) | null> {
    if (this.#free > 0) this.#free -= 1;
    else {
      if (this.waiting >= this.maxWaiting) return null;
      await new Promise<void>((go) => this.#waiting.push(go));
    }
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#passOn();
    };
  }

  /** @throws the errors of `work`, or `refused` if too many wait. */
  async run<T>(work: () => Promise<T>, refused: () => Error = tooManyWait): Promise<T> {
    const release = await this.acquire();
    if (!release) throw refused();
    try {
      return await work();
    } finally {
      release();
    }
  }

  #passOn(): void {
    const go = this.#waiting[this.#first];
    if (!go) {
      this.#free += 1;
      return;
    }
    this.#first += 1;
    if (this.#first === this.#waiting.length || this.#first === CUT_AFTER) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    go();
  }
}

function tooManyWait(): Error {
  return new Error('Too many wait already. Try again later.');
}
