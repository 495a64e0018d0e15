import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Consumers } from '@postern/process';
import type { DataSource } from 'typeorm';
import { changesConsumer } from '../changes/record/changes-consumer.js';
import { countWaiting } from '../dead-letters/dead-letters.js';
import { denialsConsumer } from '../denials/record/denials-consumer.js';
import { observeDeadLetters } from './audit-metrics.js';

@Injectable()
export class AuditConsumers implements OnApplicationBootstrap {
  constructor(
    @Inject(Consumers) private readonly consumers: Consumers,
    @InjectDataSource('postern_audit') private readonly dataSource: DataSource,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    observeDeadLetters(() => countWaiting(this.dataSource));
    await this.consumers.run(changesConsumer(this.dataSource));
    await this.consumers.run(denialsConsumer(this.dataSource));
  }
}
