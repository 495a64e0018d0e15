import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import { QueryFailedError, type DataSource } from 'typeorm';
import { denialMonthsDropped, denialsDeleted } from '../../consumers/audit-metrics.js';
import { sweepDenials } from './denial-retention.js';

const HOUR_MS = 60 * 60 * 1_000;
/** After a sweep that failed, as when a backup held the tables. */
const RETRY_MS = 60_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** Sweeps at the start and then about once an hour, at other minutes in each process. */
@Injectable()
export class RetentionSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('audit-trail');
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    @InjectDataSource('postern_audit') private readonly dataSource: DataSource,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeping = this.sweep();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.sweeping;
  }

  private async sweep(): Promise<void> {
    const days = this.settings.denialRetentionDays;
    let nextMs = HOUR_MS;
    try {
      const swept = await sweepDenials(this.dataSource, days, new Date());
      for (const month of swept?.months ?? [])
        this.logger.warn(`The denials of ${month} were dropped: they are older than ${days} days. The totals stay.`);
      if (swept && swept.rows > 0)
        this.logger.warn(
          `${swept.rows} denials in no month of their own were deleted: they are older than ${days} days.`,
        );
      denialMonthsDropped.inc(swept?.months.length ?? 0);
      denialsDeleted.inc(swept?.rows ?? 0);
    } catch (error) {
      nextMs = RETRY_MS;
      if (!this.stopped) this.tell(error);
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => (this.sweeping = this.sweep()), nextMs * (0.9 + Math.random() / 5));
    this.timer.unref();
  }

  private tell(error: unknown): void {
    const held = error instanceof QueryFailedError && error.driverError.code === LOCK_NOT_AVAILABLE;
    if (held) this.logger.warn('Old denials wait to be dropped: somebody holds their table. Next try in a minute.');
    else this.logger.error(`Old denials could not be dropped: ${String(error)} Next try in a minute.`);
  }
}
