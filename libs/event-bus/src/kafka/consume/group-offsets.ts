import type { Consumer } from 'kafkajs';

const COMMIT_EVERY_MS = 1_000;

/**
 * Tells the group how far each partition was handled, after the transactions and now and then: only tools that show a group's
 * lag look at it. What is lost of it costs nothing.
 */
export class GroupOffsets {
  readonly #untold = new Map<string, { topic: string; partition: number; offset: string }>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly consumer: Consumer) {
    this.#timer = setInterval(() => void this.tell(), COMMIT_EVERY_MS);
  }

  handled(topic: string, partition: number, next: number): void {
    this.#untold.set(`${topic}/${partition}`, { topic, partition, offset: String(next) });
  }

  async tell(): Promise<void> {
    if (this.#untold.size === 0) return;
    const offsets = [...this.#untold.values()];
    this.#untold.clear();
    await this.consumer.commitOffsets(offsets).catch(() => undefined);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
