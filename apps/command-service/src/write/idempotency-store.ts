import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { Problem } from '@postern/http';
import type { DataSource, EntityManager } from 'typeorm';
import type { IdempotencyClaim, Written } from './request-context.js';
import { openAnswer, sealAnswer } from './sealed-answer.js';

/** For how long a repeat is given the first answer (API: errors). */
export const ANSWER_LIFE_HOURS = 24;
const LIFE_SQL = `interval '${ANSWER_LIFE_HOURS} hours'`;

const REMOVE_EVERY_MS = 5 * 60_000;
/** A batch is a transaction of some milliseconds; so many of them a round, 200,000 rows, and the rest the next time. */
const BATCH = 2_000;
const BATCHES_PER_ROUND = 100;

/** The answers of requests that had an `Idempotency-Key`, sealed, for a day. All statements as `postern_journal_writer`. */
@Injectable()
export class IdempotencyStore implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('idempotency');
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(@Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource) {}

  /** The answer that was stored for the request; null where there is none. Throws 409 `idempotency-key-reused` where it was another request. */
  async find(claim: IdempotencyClaim): Promise<Written | null> {
    const [row] = await this.writer.query<{ request_hash: Buffer; sealed_answer: Buffer }[]>(
      `SELECT request_hash, sealed_answer FROM access.idempotency_keys
        WHERE api_key_id = $1 AND idempotency_key = $2 AND created_at > clock_timestamp() - ${LIFE_SQL}`,
      [claim.apiKeyId, claim.key],
    );
    if (!row) return null;
    if (!row.request_hash.equals(claim.requestHash)) throw keyReused();
    return openAnswer(claim, row.sealed_answer) as Written;
  }

  /**
   * Stores the answer in the transaction of the request's events, right behind their append. Where another process does the same at this
   * moment, it waits for that one's commit and throws 503 `not-ready`: the transaction must be rolled back, and `find` has the answer.
   */
  async keep(manager: EntityManager, claim: IdempotencyClaim, answer: Written): Promise<void> {
    const kept = await manager.query<unknown[]>(
      `INSERT INTO access.idempotency_keys AS k (api_key_id, idempotency_key, tenant_id, request_hash, sealed_answer)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (api_key_id, idempotency_key) DO UPDATE
          SET request_hash = excluded.request_hash, sealed_answer = excluded.sealed_answer, created_at = excluded.created_at
        WHERE k.created_at <= clock_timestamp() - ${LIFE_SQL}
       RETURNING 1`,
      [claim.apiKeyId, claim.key, claim.tenantId, claim.requestHash, sealAnswer(claim, answer)],
    );
    if (kept.length === 0) throw keyInUse();
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.round = this.removeExpired().catch((error: unknown) => this.logger.warn(`Not removed: ${String(error)}`));
    }, REMOVE_EVERY_MS).unref();
  }

  /** Removes answers that are older than a day, a bounded number; how many. What another process is removing is left to it. */
  async removeExpired(): Promise<number> {
    let removed = 0;
    for (let batch = 0; batch < BATCHES_PER_ROUND && !this.stopped; batch++) {
      const [, found] = await this.writer.query<[unknown[], number]>(
        `DELETE FROM access.idempotency_keys WHERE (api_key_id, idempotency_key) IN (
           SELECT api_key_id, idempotency_key FROM access.idempotency_keys
            WHERE created_at <= clock_timestamp() - ${LIFE_SQL}
            ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
        [BATCH],
      );
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

function keyInUse(): Problem {
  return new Problem(
    'not-ready',
    'Another request with this Idempotency-Key is being carried out. Send this one again shortly: it will get that answer.',
    { headers: { 'retry-after': '1' } },
  );
}

function keyReused(): Problem {
  return new Problem(
    'idempotency-key-reused',
    'This Idempotency-Key was sent with another method, path or body within the last 24 hours. Make a new key for a new change.',
  );
}
