import { Problem, type IdempotencyClaim } from '@postern/http';
import type { DataSource, EntityManager } from 'typeorm';
import { sealAnswer } from './sealed-answer.js';

/** For how long a repeat is given the first answer (API: errors). */
export const ANSWER_LIFE_HOURS = 24;
const LIFE_SQL = `interval '${ANSWER_LIFE_HOURS} hours'`;

/** What is kept of the first request with a key. */
export interface KeptAnswer {
  readonly requestHash: Buffer;
  readonly sealed: Buffer;
}

/** The kept answer of the claim's key, whatever its request was; null where there is none. As `postern_journal_writer`. */
export async function findAnswer(writer: DataSource, claim: IdempotencyClaim): Promise<KeptAnswer | null> {
  const [row] = await writer.query<{ request_hash: Buffer; sealed_answer: Buffer }[]>(
    `SELECT request_hash, sealed_answer FROM access.idempotency_keys
      WHERE api_key_id = $1 AND idempotency_key = $2 AND created_at > clock_timestamp() - ${LIFE_SQL}`,
    [claim.apiKeyId, claim.key],
  );
  return row ? { requestHash: row.request_hash, sealed: row.sealed_answer } : null;
}

/**
 * Keeps the answer, in the transaction of the request's events and right behind their append. Another process that does
 * the same at this moment is waited for: where it commits, this throws 503 `not-ready` and the transaction must be
 * rolled back; `Repeats` then finds what the other one kept.
 */
export async function keepAnswer(
  manager: EntityManager | DataSource,
  claim: IdempotencyClaim,
  answer: unknown,
): Promise<void> {
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

/** Removes up to `limit` answers that nobody is given any more; how many there were. Another process's share is left to it. */
export async function removeExpiredAnswers(writer: DataSource, limit: number): Promise<number> {
  const [, removed] = await writer.query<[unknown[], number]>(
    `DELETE FROM access.idempotency_keys WHERE (api_key_id, idempotency_key) IN (
       SELECT api_key_id, idempotency_key FROM access.idempotency_keys
        WHERE created_at <= clock_timestamp() - ${LIFE_SQL}
        ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    [limit],
  );
  return removed;
}

/** Another request with the key is on its way, or has just ended. */
export function keyInUse(): Problem {
  return new Problem(
    'not-ready',
    'Another request with this Idempotency-Key is being carried out. Send this one again shortly: it will get that answer.',
    { headers: { 'retry-after': '1' } },
  );
}
