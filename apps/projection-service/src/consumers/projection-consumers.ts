import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { TOPICS, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import {
  consumerReadiness,
  EVENT_BUS,
  type EventBatch,
  type EventBus,
  type RunningSubscription,
} from '@postern/event-bus';
import { observeHalted, observeLag, Readiness } from '@postern/observe';
import type { DataSource, EntityManager } from 'typeorm';
import { POLICIES_CONSUMER } from '../relay-policies/whole.js';
import { applyPolicies } from '../relay-policies/project/apply-policies.js';
import { PolicyStream } from '../relay-policies/stream/policy-stream.js';
import { DIRECTORY_CONSUMER } from '../smtp-user-directory/directory-model.js';
import { applyDirectory } from '../smtp-user-directory/project/apply-directory.js';
import { markCaughtUp } from './caught-up.js';
import { eventsApplied, projectionDelay } from './projection-metrics.js';

/** Applies a batch's events to a read model. */
type Apply = (manager: EntityManager, events: readonly Recorded<SmtpUserEvent>[]) => Promise<void>;

/** Enough for the set-based statements to pay, and a transaction still takes only some 50 ms. */
const MAX_BATCH = 1_000;

/** Relays wait for these: no more than what keeps a stream of writes from being applied one by one. */
const POLICIES_SPACING_MS = 10;
/** People read these. */
const DIRECTORY_SPACING_MS = 30;

/** The consumers that keep this service's read models, each with a checkpoint of its own. */
@Injectable()
export class ProjectionConsumers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly running: RunningSubscription[] = [];

  constructor(
    @Inject(EVENT_BUS) private readonly bus: EventBus,
    @InjectDataSource('postern_projection') private readonly dataSource: DataSource,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(PolicyStream) private readonly stream: PolicyStream,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const policies = await this.run(POLICIES_CONSUMER, applyPolicies, POLICIES_SPACING_MS, () => this.stream.wake());
    this.stream.measureLagBy(async () => {
      const { events, seconds } = await policies.lag();
      return { lagEvents: events, lagSeconds: seconds };
    });
    await this.run(DIRECTORY_CONSUMER, applyDirectory, DIRECTORY_SPACING_MS);
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.running.map((subscription) => subscription.stop()));
  }

  private async run(
    consumer: string,
    apply: Apply,
    spacingMs: number,
    afterCommit?: () => void,
  ): Promise<RunningSubscription> {
    const subscription = await this.bus.subscribe({
      consumer,
      topics: [TOPICS.smtpUsers],
      checkpoints: { dataSource: this.dataSource, table: 'projection.checkpoints' },
      maxBatch: MAX_BATCH,
      spacingMs,
      onCaughtUp: (checkpoint) => markCaughtUp(this.dataSource, consumer, checkpoint),
      handle: async (batch: EventBatch) => {
        await this.dataSource.transaction(async (manager) => {
          // The topic carries no others.
          await apply(manager, batch.events as readonly Recorded<SmtpUserEvent>[]);
          await batch.advance(manager);
        });
        afterCommit?.();
        observe(consumer, batch.events);
      },
    });
    this.running.push(subscription);
    observeLag(consumer, () => subscription.lag());
    observeHalted(consumer, () => subscription.status().halted);
    this.readiness.add(consumer, consumerReadiness(subscription));
    return subscription;
  }
}

function observe(consumer: string, events: readonly Recorded[]): void {
  const last = events.at(-1);
  if (!last) return;
  eventsApplied.inc({ consumer }, events.length);
  projectionDelay.observe({ consumer }, Math.max(0, Date.now() - Date.parse(last.recordedAt)) / 1_000);
}
