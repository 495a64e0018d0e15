/** Lets so many do something at once; the others wait for their turn, in order, and not more than so many. */
export class BoundedTurns {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(
    atOnce: number,
    private readonly maxWaiting = Number.POSITIVE_INFINITY,
  ) {
    this.free = atOnce;
  }

  /** Resolves to the function that ends the turn, to be called once; null at once where too many wait already. */
  async take(): Promise<(() => void) | null> {
    if (this.free === 0) {
      if (this.waiting.length >= this.maxWaiting) return null;
      await new Promise<void>((turn) => this.waiting.push(turn));
    } else this.free -= 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    };
  }
}
