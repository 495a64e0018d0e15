import { Logger } from '@nestjs/common';
import { QueryFailedError, type DataSource } from 'typeorm';

/** A denial from this many months around now gets a partition of its month. A relay's clock may be wrong by years. */
const MONTHS_BACK = 13;
const MONTHS_AHEAD = 2;
const RETRY_AFTER_MS = 60_000;
const LOCK_NOT_AVAILABLE = '55P03';

export class DenialMonths {
  private readonly logger = new Logger('audit-trail');
  private readonly ready = new Set<string>();
  private notBefore = 0;

  constructor(private readonly dataSource: DataSource) {}

  /** `times` in RFC 3339, UTC. Retries after a minute if the tables are locked; the default partition takes the rows. */
  async prepare(times: readonly string[]): Promise<void> {
    const now = new Date();
    if (now.getTime() < this.notBefore) return;
    const [earliest, latest] = [monthOf(now, -MONTHS_BACK), monthOf(now, MONTHS_AHEAD)];
    const coming = Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead) => monthOf(now, ahead));
    const months = new Set([...coming, ...times.map((time) => time.slice(0, 7))]);
    for (const month of months) {
      if (this.ready.has(month) || month < earliest || month > latest) continue;
      try {
        await this.dataSource.query('SELECT audit.prepare_denial_month($1::date)', [`${month}-01`]);
        this.ready.add(month);
      } catch (error) {
        if (!(error instanceof QueryFailedError) || error.driverError.code !== LOCK_NOT_AVAILABLE) throw error;
        this.logger.warn(
          `The partition for ${month} cannot be created yet: the table of denials is locked. Next attempt in a minute.`,
        );
        this.notBefore = now.getTime() + RETRY_AFTER_MS;
        return;
      }
    }
  }
}

/** The month `ahead` months after `time`, in UTC, as `2026-11`. */
function monthOf(time: Date, ahead: number): string {
  return new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + ahead)).toISOString().slice(0, 7);
}
