import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { gauge } from '@postern/observe';
import { Consumers } from '@postern/process';
import type { DataSource } from 'typeorm';
import { changesConsumer } from '../changes/record/changes-consumer.js';
import { countWaiting } from '../dead-letters/dead-letters.js';
import { denialsConsumer } from '../denials/record/denials-consumer.js';

let deadLettersOf: DataSource | undefined;

gauge(
  'postern_audit_dead_letters',
  'Dead letters that wait to be retried or discarded. Absent while the database does not answer.',
  [],
  async (metric) => {
    metric.reset();
    const count = deadLettersOf && (await countWaiting(deadLettersOf).catch(() => undefined));
    if (count === undefined) metric.remove();
    else metric.set(count);
  },
);

@Injectable()
export class AuditConsumers implements OnApplicationBootstrap {
  constructor(
    @Inject(Consumers) private readonly consumers: Consumers,
    @InjectDataSource('postern_audit') private readonly dataSource: DataSource,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    deadLettersOf = this.dataSource;
    await this.consumers.run(changesConsumer(this.dataSource));
    await this.consumers.run(denialsConsumer(this.dataSource));
  }
}
