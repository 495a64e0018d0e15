const WRITE_EVERY_MS = 5_000;

/** When each id was last used, written for all of them together every few seconds. */
export class Uses<Id extends string> {
  private readonly noted = new Map<Id, Date>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly write: (uses: ReadonlyMap<Id, Date>) => Promise<unknown>) {
    this.timer = setInterval(() => void this.flush(), WRITE_EVERY_MS).unref();
  }

  note(id: Id): void {
    this.noted.set(id, new Date());
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  private async flush(): Promise<void> {
    if (this.noted.size === 0) return;
    const uses = new Map(this.noted);
    this.noted.clear();
    // What cannot be written is written with the next use.
    await this.write(uses).catch(() => undefined);
  }
}
