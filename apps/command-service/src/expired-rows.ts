import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';

const REMOVE_EVERY_MS = 5 * 60_000;
/** A batch takes some milliseconds. A round deletes up to 200,000 rows of a table, the next one the rest. */
const BATCH = 2_000;
const BATCHES_PER_ROUND = 100;

/** How long a repeated request gets the first answer (API: errors). */
export const ANSWER_LIFE_HOURS = 24;

const EXPIRED = [
  {
    table: 'access.idempotency_keys',
    key: 'caller_id, idempotency_key',
    condition: `created_at <= clock_timestamp() - interval '${ANSWER_LIFE_HOURS} hours'`,
  },
  { table: 'access.sessions', key: 'id', condition: 'expires_at <= clock_timestamp()' },
  { table: 'access.sign_in_codes', key: 'code_hash', condition: 'expires_at <= clock_timestamp()' },
] as const;

@Injectable()
export class ExpiredRows implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('expired-rows');
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(@InjectDataSource('postern_journal_writer') private readonly writer: DataSource) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.round = this.remove().catch((error: unknown) =>
        this.logger.warn(`Expired rows could not be removed: ${String(error)}`),
      );
    }, REMOVE_EVERY_MS).unref();
  }

  async remove(): Promise<void> {
    for (const { table, key, condition } of EXPIRED) {
      for (let batch = 0; batch < BATCHES_PER_ROUND && !this.stopped; batch++) {
        const [, found] = await this.writer.query<[unknown[], number]>(
          // The outer condition is checked again for a row that was renewed meanwhile.
          `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${condition} LIMIT $1) AND ${condition}`,
          [BATCH],
        );
        if (found < BATCH) break;
      }
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.round;
  }
}
