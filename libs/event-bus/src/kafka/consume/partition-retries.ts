import { Backoff } from '@postern/async';
import { HALTED_AFTER_ATTEMPTS } from '../../event-bus.js';
import { EventsMissing, isPermanent } from '../../stream-version.js';
import type { ConsumerSettings } from './group-member.js';
import { sourceOf, type PartitionName } from './partition.js';

interface Retry {
  /** Null while it waits for the events of a gap. */
  error: Error | null;
  attempts: number;
  /** The event after a gap, and since when, by `performance.now()`. */
  gap: { readonly eventId: string; readonly since: number } | null;
  readonly backoff: Backoff;
  timer?: NodeJS.Timeout;
}

/**
 * The states of a partition after a failed batch ("it"):
 *
 * | state  | when                                                                     | ends                                |
 * |--------|--------------------------------------------------------------------------|-------------------------------------|
 * | waits  | an earlier event of a stream is missing, for less than `gapHaltsAfterMs` | the event arrives, or the gap lasts |
 * | fails  | anything else, such as an unavailable database                           | it is handled, or fails five times  |
 * | halted | a permanent error, five attempts, a gap that lasts                       | it is handled                       |
 * In each state, the pauses between attempts grow until something is handled.
 */
export class PartitionRetries {
  readonly #retries = new Map<string, Retry>();

  constructor(
    private readonly settings: ConsumerSettings,
    private readonly tryAgain: (name: PartitionName) => void,
  ) {}

  get lastError(): Error | null {
    for (const { error } of this.#retries.values()) if (error) return error;
    return null;
  }

  halts(name: PartitionName): boolean {
    const retry = this.#retries.get(sourceOf(name));
    if (!retry?.error) return false;
    return retry.gap !== null || isPermanent(retry.error) || retry.attempts >= HALTED_AFTER_ATTEMPTS;
  }

  /** `handled`: handling failed, not only loading. `report` gets each error except a short gap. */
  failed(name: PartitionName, error: Error, handled: boolean, report: (error: Error) => Error): void {
    const source = sourceOf(name);
    const { retryFirstMs, retryLongestMs, gapHaltsAfterMs } = this.settings;
    const retry = this.#retries.get(source) ?? {
      error: null,
      attempts: 0,
      gap: null,
      backoff: new Backoff(retryFirstMs, retryLongestMs),
    };
    this.#retries.set(source, retry);
    if (error instanceof EventsMissing) {
      const { eventId } = error.event;
      if (retry.gap?.eventId !== eventId) retry.gap = { eventId, since: performance.now() };
      retry.error = performance.now() - retry.gap.since < gapHaltsAfterMs ? null : report(error);
    } else {
      retry.gap = null;
      retry.attempts += handled ? 1 : 0;
      retry.error = report(error);
    }
    clearTimeout(retry.timer);
    retry.timer = setTimeout(() => this.tryAgain(name), retry.backoff.nextMs());
  }

  succeeded(name: PartitionName): void {
    const source = sourceOf(name);
    clearTimeout(this.#retries.get(source)?.timer);
    this.#retries.delete(source);
  }

  clear(): void {
    for (const { timer } of this.#retries.values()) clearTimeout(timer);
    this.#retries.clear();
  }
}
