import type { DataSource } from 'typeorm';

/** `waiting`: to be retried; `settled`: a retry has put it on record; `discarded`: somebody has said that it is nothing. */
export type DeadLetterState = 'waiting' | 'settled' | 'discarded';

export interface DeadLetter {
  readonly id: string;
  readonly consumer: string;
  readonly topic: string;
  /** Null with the offset where it came as an event. */
  readonly partition: number | null;
  readonly offset: number | null;
  readonly tenantId: string | null;
  readonly reason: string;
  readonly state: DeadLetterState;
  /** RFC 3339, UTC, milliseconds. */
  readonly putAsideAt: string;
  readonly retriedAt: string | null;
  readonly retries: number;
}

/** With what was put aside: the event, or the message as it was received. */
export interface WholeDeadLetter extends DeadLetter {
  readonly event: unknown;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** The dead letters, oldest first, at most `limit`. `audit` is connected as `postern_audit`. */
export async function listDeadLetters(
  audit: Pick<DataSource, 'query'>,
  which: 'waiting' | 'all',
  limit: number,
): Promise<DeadLetter[]> {
  const where = which === 'all' ? 'true' : `state = 'waiting'`;
  return audit.query<DeadLetter[]>(
    `SELECT ${COLUMNS} FROM audit.dead_letters WHERE ${where} ORDER BY put_aside_at, id LIMIT $1`,
    [limit],
  );
}

export async function findDeadLetter(audit: Pick<DataSource, 'query'>, id: string): Promise<WholeDeadLetter | null> {
  const rows = await audit.query<WholeDeadLetter[]>(
    `SELECT ${COLUMNS}, event, key, value FROM audit.dead_letters WHERE id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

export async function countWaiting(audit: Pick<DataSource, 'query'>): Promise<number> {
  const [row] = await audit.query<{ waiting: number }[]>(
    `SELECT count(*)::integer AS waiting FROM audit.dead_letters WHERE state = 'waiting'`,
  );
  return row?.waiting ?? 0;
}

/** Says of a letter that it is nothing; it is kept, and waits no more. False where none of this id waits. */
export async function discardDeadLetter(audit: Pick<DataSource, 'query'>, id: string): Promise<boolean> {
  const [, updated] = await audit.query<[unknown[], number]>(
    `UPDATE audit.dead_letters SET state = 'discarded' WHERE id = $1 AND state = 'waiting'`,
    [id],
  );
  return updated === 1;
}

const utc = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const COLUMNS = `
  id, consumer, topic, partition, "offset"::float8 AS "offset", tenant_id AS "tenantId", reason, state,
  ${utc('put_aside_at')} AS "putAsideAt", ${utc('retried_at')} AS "retriedAt", retries`;
