import { Problem } from '@postern/service-kit';

/** Changes of one SMTP user that run or wait in this process. */
export const MAX_WRITES_OF_ONE_USER = 1_000;

/**
 * Lets the works on one subject follow one another, while those on others go on beside them.
 * Writers of one SMTP user in one process then never meet in the journal: only another process can be in the way.
 */
export class Turns {
  private readonly queues = new Map<string, { length: number; last: Promise<unknown> }>();

  constructor(private readonly maxQueue = MAX_WRITES_OF_ONE_USER) {}

  /**
   * Runs `work` when all that came before it on the same subject has ended, well or not. Throws 503 `not-ready` where too
   * many stand before it: what waited beyond its caller's patience would be carried out all the same.
   */
  async take<T>(subject: string, work: () => Promise<T>): Promise<T> {
    const queue = this.queues.get(subject) ?? { length: 0, last: Promise.resolve() };
    if (queue.length >= this.maxQueue) throw tooMany();
    const mine = queue.length === 0 ? work() : queue.last.then(work);
    queue.length += 1;
    queue.last = mine.catch(() => undefined);
    this.queues.set(subject, queue);
    try {
      return await mine;
    } finally {
      queue.length -= 1;
      if (queue.length === 0) this.queues.delete(subject);
    }
  }

  /** Subjects on which something runs or waits. */
  get size(): number {
    return this.queues.size;
  }
}

function tooMany(): Problem {
  return new Problem('not-ready', 'More changes of this SMTP user wait than can be kept. Send it again shortly.', {
    headers: { 'retry-after': '1' },
  });
}
