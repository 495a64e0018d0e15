const WRITE_EVERY_MS = 5_000;

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
    await this.write(uses).catch(() => undefined);
  }
}
