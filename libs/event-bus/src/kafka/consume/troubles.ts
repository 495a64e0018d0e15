import { Backoff } from '@postern/async';
import { HALTED_AFTER_ATTEMPTS } from '../../halted.js';
import { sourceOf, type Place } from './place.js';

/** Errors of a partition behind which it goes on only once somebody has acted. */
const NEVER_PASSES: ReadonlySet<string> = new Set([
  'PartitionHalted',
  'EventsNotInTopic',
  'TopicOfAnotherJournal',
  'EventNotInJournal',
  'PartitionsChanged',
  'TopicSettingsWrong',
]);

/** What is wrong with partitions, and when each is tried again. */
export class Troubles {
  readonly #errors = new Map<string, Error>();
  /** How often in a row a partition was handled in vain. */
  readonly #vain = new Map<string, number>();
  readonly #backoffs = new Map<string, Backoff>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly waits: { readonly retryFirstMs: number; readonly retryLongestMs: number },
    private readonly tryAgain: (place: Place) => void,
  ) {}

  get lastError(): Error | null {
    return this.#errors.values().next().value ?? null;
  }

  /** Whether somebody must act before the partition goes on. */
  halts(place: Place): boolean {
    const source = sourceOf(place);
    const error = this.#errors.get(source);
    if (error === undefined) return false;
    return NEVER_PASSES.has(error.name) || (this.#vain.get(source) ?? 0) >= HALTED_AFTER_ATTEMPTS;
  }

  /** The partition is tried again after a while, which grows each time until something is handled. */
  occurred(place: Place, error: Error): void {
    const source = sourceOf(place);
    this.#errors.set(source, error);
    const backoff = this.#backoffs.get(source) ?? new Backoff(this.waits.retryFirstMs, this.waits.retryLongestMs);
    this.#backoffs.set(source, backoff);
    clearTimeout(this.#timers.get(source));
    this.#timers.set(
      source,
      setTimeout(() => this.tryAgain(place), backoff.nextMs()),
    );
  }

  handledInVain(place: Place): void {
    const source = sourceOf(place);
    this.#vain.set(source, (this.#vain.get(source) ?? 0) + 1);
  }

  handled(place: Place): void {
    const source = sourceOf(place);
    this.#errors.delete(source);
    this.#vain.delete(source);
    this.#backoffs.get(source)?.reset();
  }

  /** There is nothing in the partition that could be wrong. */
  nothingLeft(place: Place): void {
    this.#errors.delete(sourceOf(place));
  }

  /** The partitions are others from here on. What one had waited for before goes on to count. */
  clear(): void {
    this.close();
    this.#timers.clear();
    this.#errors.clear();
    this.#vain.clear();
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
