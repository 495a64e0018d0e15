import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Problem } from '@postern/http';
import type { DataSource, EntityManager } from 'typeorm';
import { ANSWER_LIFE_HOURS } from '../expired-rows.js';
import type { IdempotencyClaim, Written } from './request-context.js';
import { openAnswer, sealAnswer } from './sealed-answer.js';

const LIFE_SQL = `interval '${ANSWER_LIFE_HOURS} hours'`;

@Injectable()
export class IdempotencyStore {
  constructor(@InjectDataSource('postern_journal_writer') private readonly writer: DataSource) {}

  /** The stored answer, or null. @throws 409 `idempotency-key-reused` if it was another request. */
  async find(claim: IdempotencyClaim): Promise<Written | null> {
    const [row] = await this.writer.query<{ request_hash: Buffer; sealed_answer: Buffer }[]>(
      `SELECT request_hash, sealed_answer FROM access.idempotency_keys
        WHERE caller_id = $1 AND idempotency_key = $2 AND created_at > clock_timestamp() - ${LIFE_SQL}`,
      [claim.callerId, claim.key],
    );
    if (!row) return null;
    if (!row.request_hash.equals(claim.requestHash)) throw keyReused();
    return openAnswer(claim, row.sealed_answer) as Written;
  }

  /** In the transaction of the events. If another process is storing one, throws 503 `not-ready`: roll back. */
  async keep(manager: EntityManager, claim: IdempotencyClaim, answer: Written): Promise<void> {
    const kept = await manager.query<unknown[]>(
      `INSERT INTO access.idempotency_keys AS k (caller_id, idempotency_key, request_hash, sealed_answer)
       VALUES ($1, $2, $3, $4)
       ON CONFLICT (caller_id, idempotency_key) DO UPDATE
          SET request_hash = excluded.request_hash, sealed_answer = excluded.sealed_answer, created_at = excluded.created_at
        WHERE k.created_at <= clock_timestamp() - ${LIFE_SQL}
       RETURNING 1`,
      [claim.callerId, claim.key, claim.requestHash, sealAnswer(claim, answer)],
    );
    if (kept.length === 0) throw keyInUse();
  }
}

function keyInUse(): Problem {
  return new Problem(
    'not-ready',
    'Another request with this Idempotency-Key is still running. Send this request again after Retry-After: it gets the same answer.',
    { headers: { 'retry-after': '1' } },
  );
}

function keyReused(): Problem {
  return new Problem(
    'idempotency-key-reused',
    'This Idempotency-Key was sent with another method, path or body within the last 24 hours. Use a new key for a new request.',
  );
}
