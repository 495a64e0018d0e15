/** Pauses between attempts: doubled each time up to the longest, with a random share taken off so that instances spread. */
export class Backoff {
  #next: number;

  /** `spread`: the share that is taken off at most. 1 for many that fail at the same moment: they come back at any time from at once on. */
  constructor(
    private readonly firstMs: number,
    private readonly longestMs: number,
    private readonly spread = 0.25,
  ) {
    this.#next = Math.min(firstMs, longestMs);
  }

  nextMs(): number {
    const pause = this.#next;
    this.#next = Math.min(pause * 2, this.longestMs);
    return pause * (1 - Math.random() * this.spread);
  }

  reset(): void {
    this.#next = Math.min(this.firstMs, this.longestMs);
  }
}
