/** Pauses between attempts: doubled each time up to the longest, with up to a quarter taken off so that instances spread. */
export class Backoff {
  #next: number;

  constructor(
    private readonly firstMs: number,
    private readonly longestMs: number,
  ) {
    this.#next = firstMs;
  }

  nextMs(): number {
    const pause = this.#next;
    this.#next = Math.min(pause * 2, this.longestMs);
    return pause * (1 - Math.random() / 4);
  }

  reset(): void {
    this.#next = this.firstMs;
  }
}
