/** Pauses between attempts: doubled up to the longest, minus a random share, so that instances spread. */
export class Backoff {
  #next: number;

  /** @param spread the largest share that is subtracted. 1 for many that fail at the same moment. */
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
