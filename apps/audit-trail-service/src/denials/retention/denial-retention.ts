import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { sqlState } from '@postern/http';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource, EntityManager } from 'typeorm';
import { denialMonthsDropped, denialsDeleted } from '../../consumers/audit-metrics.js';

/** Times in RFC 3339, UTC; a year long ago means "never". */
export interface DenialRetention {
  readonly keptFrom: string;
  readonly droppedBefore: string;
}

export const NEVER = '0001-01-01T00:00:00.000Z';

export async function loadDenialRetention(database: DataSource | EntityManager): Promise<DenialRetention> {
  const [row] = await database.query<{ kept_from: Date; dropped_before: Date }[]>(
    `SELECT greatest(kept_from, '${NEVER}') AS kept_from, greatest(dropped_before, '${NEVER}') AS dropped_before
       FROM audit.denial_retention`,
  );
  if (!row)
    throw new Error(
      'audit.denial_retention has lost its row: INSERT INTO it one with kept_from = -infinity and dropped_before = -infinity.',
    );
  return { keptFrom: row.kept_from.toISOString(), droppedBefore: row.dropped_before.toISOString() };
}

const HOUR_MS = 60 * 60 * 1_000;
/** After a failed sweep, for example if a backup locked the tables. */
const RETRY_MS = 60_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** Sweeps at the start and then about once an hour, at different minutes in each process. */
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
      const { months, rows } = (await sweepDenials(this.dataSource, days, new Date())) ?? NOTHING;
      for (const month of months)
        this.logger.warn(`The denials of ${month} were dropped: they are older than ${days} days. The totals stay.`);
      if (rows > 0)
        this.logger.warn(
          `${rows} denials outside the monthly partitions were deleted: they are older than ${days} days.`,
        );
      denialMonthsDropped.inc(months.length);
      denialsDeleted.inc(rows);
    } catch (error) {
      nextMs = RETRY_MS;
      if (this.stopped) return;
      if (sqlState(error) === LOCK_NOT_AVAILABLE)
        this.logger.warn('Old denials cannot be dropped yet: their table is locked. Next attempt in a minute.');
      else this.logger.error(`Old denials could not be dropped: ${String(error)} Next attempt in a minute.`);
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => (this.sweeping = this.sweep()), nextMs * (0.9 + Math.random() / 5)).unref();
  }
}

interface Swept {
  readonly months: readonly string[];
  readonly rows: number;
}

const NOTHING: Swept = { months: [], rows: 0 };
const DAY_MS = 24 * 60 * 60 * 1_000;
const ROWS_AT_ONCE = 1_000;
const MOST_BATCHES = 100;
const SWEEP_LOCK = 8_025_023;

/**
 * Lists hide older denials at once. Complete months are dropped, rows of the default partition are deleted in batches. `days` 0: keep for ever.
 * Returns null if another process is sweeping. @throws 55P03 if the tables are locked; the next sweep does the rest.
 */
export async function sweepDenials(dataSource: DataSource, days: number, now: Date): Promise<Swept | null> {
  const runner = dataSource.createQueryRunner();
  /** One transaction per statement, so that its lock is not held longer. */
  const ask = async <T>(sql: string, ...values: unknown[]): Promise<T | undefined> => {
    const [row] = await runner.manager.query<{ answer: T }[]>(sql, values);
    return row?.answer;
  };
  try {
    if ((await ask<boolean>('SELECT pg_try_advisory_lock($1) AS answer', SWEEP_LOCK)) !== true) return null;
    try {
      await ask(FORGET_ARRIVALS);
      const cutOff = days === 0 ? '-infinity' : new Date(now.getTime() - days * DAY_MS).toISOString();
      await ask(KEEP_FROM, cutOff);
      if (days === 0) return NOTHING;
      const months: string[] = [];
      for (let month; (month = await ask<string | null>(DROP_MONTH, cutOff)) != null;) months.push(month);
      let rows = 0;
      for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
        const deleted = (await ask<number>(DELETE_ROWS, cutOff, ROWS_AT_ONCE)) ?? 0;
        rows += deleted;
        if (deleted < ROWS_AT_ONCE) break;
      }
      return { months, rows };
    } finally {
      await ask('SELECT pg_advisory_unlock($1)', SWEEP_LOCK);
    }
  } finally {
    await runner.release();
  }
}

const KEEP_FROM =
  'UPDATE audit.denial_retention SET kept_from = $1, dropped_before = greatest(dropped_before, $1) WHERE kept_from <> $1';
/** Twice as long as a stream can resume. */
const FORGET_ARRIVALS = `DELETE FROM audit.denial_arrivals WHERE arrived_at < now() - interval '2 hours'`;
const DROP_MONTH = 'SELECT audit.drop_denial_month($1) AS answer';
const DELETE_ROWS = 'SELECT audit.delete_denials_of_no_month($1, $2) AS answer';
