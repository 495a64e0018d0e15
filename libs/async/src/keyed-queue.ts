import { Semaphore } from './semaphore.js';

/** The queue of one key is full. A retry helps once the works before it have ended. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
  readonly permanent = false;
  readonly action = 'Too many requests about the same thing wait already. Send it again shortly.';
  constructor(limit: number) {
    super(`${limit} works of one key run or wait already. Try again shortly.`);
  }
}

/** Runs the works of one key one after the other, in the order in which they came. Works of different keys run at the same time. */
export class KeyedQueue {
  readonly #queues = new Map<string, Semaphore>();

  /** `limit`: works of one key that run or wait. */
  constructor(private readonly limit: number) {}

  /** Keys whose works run or wait. */
  get size(): number {
    return this.#queues.size;
  }

  /** Runs `work` once all earlier works of the key have ended, successfully or not. Throws what it throws, or `QueueFull` at once. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? new Semaphore(1, this.limit - 1);
    this.#queues.set(key, queue);
    try {
      return await queue.run(work, () => new QueueFull(this.limit));
    } finally {
      if (queue.isIdle) this.#queues.delete(key);
    }
  }
}
