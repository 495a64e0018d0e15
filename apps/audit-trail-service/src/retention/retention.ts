import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { counter } from '@postern/observe';
import { deleteOldLogins } from '@postern/observed-logins';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { sweepDenials } from './denial-retention.js';

const DAY_MS = 86_400_000;
const SWEEP_EVERY_MS = 10 * 60_000;

const denialMonthsDropped = counter(
  'postern_audit_denial_months_dropped_total',
  'Months of denials that were dropped, because they are older than the retention period',
);

const denialsDeleted = counter(
  'postern_audit_denials_deleted_total',
  'Denials outside the monthly partitions that were deleted, because they are older than the retention period',
);

const sourcesDeleted = counter(
  'postern_sources_deleted_total',
  'Rows of observed sources (one for each SMTP user, address and day) that were deleted, because they are older than the retention period.',
);

/** Null (0 days): all are kept. */
export function keptFrom(days: number, now: Date): Date | null {
  return days === 0 ? null : new Date(now.getTime() - days * DAY_MS);
}

/** Deletes denials and observed sources that are older than their retention period, at the start and every ten minutes. */
@Injectable()
export class Retention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('audit-trail');
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> = Promise.resolve();

  constructor(
    @InjectDataSource('postern_audit') private readonly audit: DataSource,
    @InjectDataSource('postern_logins_writer') private readonly logins: DataSource,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
  ) {}

  onApplicationBootstrap(): void {
    const sweep = () => void (this.sweeping = this.sweep(new Date()));
    this.timer = setInterval(sweep, SWEEP_EVERY_MS).unref();
    sweep();
  }

  /** Never throws: the next sweep does what this one could not. */
  async sweep(now: Date): Promise<void> {
    const attempt = (what: string, work: () => Promise<void>) =>
      work().catch((error: unknown) =>
        this.logger.warn(`Old ${what} could not be deleted: ${String(error)} Next attempt in ten minutes.`),
      );
    await attempt('denials', () => this.sweepDenials(now));
    await attempt('observed sources', async () =>
      sourcesDeleted.inc(await deleteOldLogins(this.logins, keptFrom(this.settings.loginsRetentionDays, now))),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  private async sweepDenials(now: Date): Promise<void> {
    const days = this.settings.denialRetentionDays;
    const { months, rows } = await sweepDenials(this.audit, keptFrom(days, now));
    for (const month of months)
      this.logger.warn(`The denials of ${month} were dropped: they are older than ${days} days. The totals stay.`);
    if (rows > 0)
      this.logger.warn(
        `${rows} denials outside the monthly partitions were deleted: they are older than ${days} days.`,
      );
    denialMonthsDropped.inc(months.length);
    denialsDeleted.inc(rows);
  }
}
