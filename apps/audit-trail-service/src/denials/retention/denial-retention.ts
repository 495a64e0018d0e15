import type { DataSource, EntityManager } from 'typeorm';

/** What one sweep took away. */
export interface Swept {
  /** As `2026-08`. */
  readonly months: readonly string[];
  /** Denials that stood in no month's partition. */
  readonly rows: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const ROWS_AT_ONCE = 1_000;
/** In one sweep; the next one goes on. */
const MOST_BATCHES = 100;
/** One process at a time. */
const SWEEP_LOCK = 8_025_023;

/** Times in RFC 3339, UTC; a year long ago for "never". */
export interface DenialRetention {
  /** From when on denials are kept. */
  readonly keptFrom: string;
  /** The rows of denials from before it may have been dropped. */
  readonly droppedBefore: string;
}

export const NEVER = '0001-01-01T00:00:00.000Z';

/** As `postern_audit`. */
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

/**
 * Moves on from when denials are kept, to so many days before `now` (0: for ever), and takes away what lies before: lists
 * show none of it from now on, months that lie wholly before it are dropped, and what is in no month is deleted in batches.
 * Null where another process is at it. Throws 55P03 where somebody holds the tables: then lists are right already, and
 * the rest is for the next time. As `postern_audit`.
 */
export async function sweepDenials(dataSource: DataSource, days: number, now: Date): Promise<Swept | null> {
  const runner = dataSource.createQueryRunner();
  try {
    const [lock] = await runner.manager.query<{ mine: boolean }[]>('SELECT pg_try_advisory_lock($1) AS mine', [
      SWEEP_LOCK,
    ]);
    if (lock?.mine !== true) return null;
    try {
      const cutOff = days === 0 ? '-infinity' : new Date(now.getTime() - days * DAY_MS).toISOString();
      await runner.manager.query(
        'UPDATE audit.denial_retention SET kept_from = $1, dropped_before = greatest(dropped_before, $1) WHERE kept_from <> $1',
        [cutOff],
      );
      if (days === 0) return { months: [], rows: 0 };
      return { months: await dropMonths(runner.manager, cutOff), rows: await deleteRows(runner.manager, cutOff) };
    } finally {
      await runner.manager.query('SELECT pg_advisory_unlock($1)', [SWEEP_LOCK]);
    }
  } finally {
    await runner.release();
  }
}

/** Each in a transaction of its own: the lock that it takes is held for one month's sake alone. */
async function dropMonths(manager: EntityManager, cutOff: string): Promise<string[]> {
  const months: string[] = [];
  for (;;) {
    const sql = 'SELECT audit.drop_denial_month($1) AS month';
    const [dropped] = await manager.query<{ month: string | null }[]>(sql, [cutOff]);
    if (!dropped?.month) return months;
    months.push(dropped.month);
  }
}

async function deleteRows(manager: EntityManager, cutOff: string): Promise<number> {
  let rows = 0;
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
    const sql = 'SELECT audit.delete_denials_of_no_month($1, $2) AS deleted';
    const [answer] = await manager.query<{ deleted: number }[]>(sql, [cutOff, ROWS_AT_ONCE]);
    const deleted = answer?.deleted ?? 0;
    rows += deleted;
    if (deleted < ROWS_AT_ONCE) break;
  }
  return rows;
}
