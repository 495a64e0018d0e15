/**
 * Lets the works on one subject follow one another, while those on others go on beside them.
 * Writers of one SMTP user in one process then never meet in the journal: only another process can be in the way.
 */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Runs `work` when all that came before it on the same subject has ended, well or not. */
  async take<T>(subject: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(subject);
    const mine = before === undefined ? work() : before.then(work);
    const ended = mine.catch(() => undefined);
    this.last.set(subject, ended);
    try {
      return await mine;
    } finally {
      if (this.last.get(subject) === ended) this.last.delete(subject);
    }
  }

  /** Subjects on which something runs or waits. */
  get size(): number {
    return this.last.size;
  }
}
