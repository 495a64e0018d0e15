import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import {
  consumerReadiness,
  EVENT_BUS,
  type EventBatch,
  type EventBus,
  type RunningSubscription,
} from '@postern/event-bus';
import { observeHalted, observeLag, Readiness } from '@postern/observe';
import type { DataSource } from 'typeorm';
import { ChangesConsumer } from '../changes/record/changes-consumer.js';
import { DenialsConsumer } from '../denials/record/denials-consumer.js';
import { countWaiting } from '../dead-letters/dead-letters.js';
import { auditDelay, observeDeadLetters } from './audit-metrics.js';
import { CHECKPOINTS, type Consumer } from './consumer.js';

/** People read what these write: fewer and fuller batches spare the database under a stream of writes. */
const SPACING_MS = 50;

/** Runs the consumers of this service for as long as the process does. */
@Injectable()
export class AuditConsumers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly running: RunningSubscription[] = [];

  constructor(
    @Inject(EVENT_BUS) private readonly bus: EventBus,
    @InjectDataSource('postern_audit') private readonly dataSource: DataSource,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    observeDeadLetters(() => countWaiting(this.dataSource));
    await this.run(new ChangesConsumer(this.dataSource));
    await this.run(new DenialsConsumer(this.dataSource));
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.running.map((subscription) => subscription.stop()));
  }

  private async run(consumer: Consumer): Promise<void> {
    const { name, topics, maxBatch } = consumer;
    const park = consumer.park?.bind(consumer);
    const subscription = await this.bus.subscribe({
      consumer: name,
      topics,
      maxBatch,
      spacingMs: SPACING_MS,
      ...(park ? { park } : {}),
      checkpoints: { dataSource: this.dataSource, table: CHECKPOINTS },
      handle: async (batch: EventBatch) => {
        await consumer.handle(batch);
        const last = batch.events.at(-1);
        if (last) auditDelay.observe({ consumer: name }, Math.max(0, Date.now() - Date.parse(last.recordedAt)) / 1_000);
      },
    });
    this.running.push(subscription);
    observeLag(name, () => subscription.lag());
    observeHalted(name, () => subscription.status().halted);
    this.readiness.add(name, consumerReadiness(subscription));
  }
}
