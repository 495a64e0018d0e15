import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import {
  consumerReadiness,
  EVENT_BUS,
  type EventBus,
  type RunningSubscription,
  type Subscription,
} from '@postern/event-bus';
import { counter, delayHistogram, observeConsumer, Readiness } from '@postern/observe';

const eventsApplied = counter('postern_consumer_events_total', 'Events that a consumer has applied', ['consumer']);

const consumerDelay = delayHistogram(
  'postern_consumer_delay_seconds',
  'Time from an event in the journal to its effect in the consumer’s tables, of the last event of each batch',
  ['consumer'],
);

@Injectable()
export class Consumers implements OnModuleDestroy {
  private readonly running: RunningSubscription[] = [];

  constructor(
    @Inject(EVENT_BUS) private readonly bus: EventBus,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  async run(subscription: Subscription): Promise<RunningSubscription> {
    const { consumer } = subscription;
    const running = await this.bus.subscribe({
      ...subscription,
      handle: async (batch) => {
        await subscription.handle(batch);
        eventsApplied.inc({ consumer }, batch.events.length);
        const since = Date.parse(batch.events.at(-1)?.recordedAt ?? '');
        consumerDelay.observe({ consumer }, Math.max(0, Date.now() - since) / 1_000);
      },
    });
    this.running.push(running);
    observeConsumer(consumer, running);
    this.readiness.add(consumer, consumerReadiness(running));
    return running;
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.running.map((subscription) => subscription.stop()));
  }
}
