import { loadJournalId } from '@postern/event-store';
import type { Kafka } from 'kafkajs';
import { Backoff, WakeSignal } from '@postern/async';
import type { RunningSubscription, Subscription, SubscriptionLag, SubscriptionStatus } from '../../event-bus.js';
import { ConsumerSession } from './consumer-session.js';
import { COORDINATOR_STARTS_WITHIN_MS, coordinatorStarts } from '../client/coordinator-starts.js';
import type { TopicConsumerSettings } from './consumer-settings.js';

/** One subscription on topics: a member of the consumer's group, made anew whenever kafkajs gives up on it. */
export class TopicConsumer implements RunningSubscription {
  readonly #signal = new WakeSignal();
  readonly #backoff: Backoff;
  readonly #running: Promise<void>;
  #session: ConsumerSession | undefined;
  /** The name that the last session had in the group. */
  #memberId: string | null = null;
  #stopped = false;
  #lastError: Error | null = null;
  #failures = 0;
  #hasCaughtUp = false;
  /** Since when the group's coordinator is waited for; null where it is not. */
  #startsSince: number | null = null;

  constructor(
    private readonly kafka: Kafka,
    private readonly subscription: Subscription,
    private readonly settings: TopicConsumerSettings,
  ) {
    this.#backoff = new Backoff(settings.retryFirstMs, settings.retryLongestMs);
    this.#running = this.#run();
  }

  status(): SubscriptionStatus {
    const session = this.#session;
    const lastError = this.#lastError ?? session?.lastError ?? null;
    const caughtUp = lastError === null && session !== undefined && session.caughtUp;
    const halted = new Map(this.subscription.topics.map((topic) => [topic, session?.halted(topic) ?? 0]));
    return { caughtUp, hasCaughtUp: this.#hasCaughtUp, lastError, failures: this.#failures, halted };
  }

  async lag(): Promise<SubscriptionLag> {
    if (!this.#session)
      throw this.#lastError ?? new Error(`${this.subscription.consumer} has not joined its group yet.`);
    return this.#session.lag();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#signal.close();
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((done) => (timer = setTimeout(done, this.settings.stopWithinMs)));
    await Promise.race([Promise.all([this.#session?.stop(), this.#running]), bound]);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.settings.ensureTopics(this.subscription.topics);
        const journal = await loadJournalId(this.subscription.checkpoints.dataSource);
        if (this.#stopped) return;
        this.#session = new ConsumerSession(
          this.kafka,
          this.subscription,
          { ...this.settings, journal },
          {
            failed: (error) => this.#failed(error),
            joined: () => {
              this.#lastError = null;
              this.#startsSince = null;
              this.#backoff.reset();
            },
            caughtUp: () => (this.#hasCaughtUp = true),
          },
        );
        await this.#session.run(this.#memberId);
      } catch (error) {
        this.#lastError = this.#isExcused(error) ? this.settings.explain(error) : this.#failed(error);
      }
      await this.#session?.stop();
      this.#memberId = this.#session?.memberId ?? this.#memberId;
      this.#session = undefined;
      if (!this.#stopped) await this.#signal.pause(this.#backoff.nextMs());
    }
  }

  /** A group has no coordinator yet where the broker has just started: that is told where it lasts. */
  #isExcused(thrown: unknown): boolean {
    if (!coordinatorStarts(thrown)) return false;
    this.#startsSince ??= performance.now();
    return performance.now() - this.#startsSince < COORDINATOR_STARTS_WITHIN_MS;
  }

  #failed(thrown: unknown): Error {
    const error = this.settings.explain(thrown);
    this.#failures += 1;
    this.settings.onFailure(this.subscription.consumer, error);
    return error;
  }
}
