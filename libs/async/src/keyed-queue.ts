import { Semaphore } from './semaphore.js';

export class QueueFull extends Error {
  override readonly name = 'QueueFull';
  readonly permanent = false;
  readonly action = 'Too many requests about the same thing wait already. Send it again shortly.';
  constructor(limit: number) {
    super(`${limit} works of one key run or wait already. Try again shortly.`);
  }
}

/** Work of one key runs in order of arrival. Different keys run at the same time. */
export class KeyedQueue {
  readonly #queues = new Map<string, Semaphore>();

  /** @param limit work per key, running or waiting */
  constructor(private readonly limit: number) {}

  get size(): number {
    return this.#queues.size;
  }

  /** @throws the errors of `work`, or `QueueFull` at once. */
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
