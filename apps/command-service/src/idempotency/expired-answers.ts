import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { removeExpiredAnswers } from './kept-answers.js';

const EVERY_MS = 5 * 60_000;
/** A batch is a transaction of some milliseconds; so many of them a round, 200,000 rows, and the rest the next time. */
const BATCH = 2_000;
const BATCHES_PER_ROUND = 100;

/** Removes kept answers that are older than a day, a bounded number each time. */
@Injectable()
export class ExpiredAnswers implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('idempotency');
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(@Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.round = this.remove().catch((error: unknown) => this.logger.warn(`Not removed: ${String(error)}`));
    }, EVERY_MS).unref();
  }

  /** One round; how many were removed. */
  async remove(): Promise<number> {
    let removed = 0;
    for (let batch = 0; batch < BATCHES_PER_ROUND && !this.stopped; batch++) {
      const found = await removeExpiredAnswers(this.writer, BATCH);
      removed += found;
      if (found < BATCH) break;
    }
    return removed;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.round;
  }
}
