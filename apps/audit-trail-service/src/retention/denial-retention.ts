import type { DataSource, EntityManager } from 'typeorm';

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

interface Swept {
  /** As `2026-11`. */
  readonly months: readonly string[];
  /** Outside the months. */
  readonly rows: number;
}

/**
 * Lists hide denials from before `keptFrom` (null: none) at once. Then complete months are dropped, and rows of the default partition deleted.
 * @throws 55P03 if the tables are locked; the next sweep does the rest.
 */
export async function sweepDenials(audit: DataSource, keptFrom: Date | null): Promise<Swept> {
  const time = keptFrom?.toISOString() ?? '-infinity';
  await audit.query(FORGET_ARRIVALS);
  await audit.query(KEEP_FROM, [time]);
  const [swept] = await audit.query<[Swept]>('SELECT months, rows FROM audit.drop_old_denials($1)', [time]);
  return swept;
}

const KEEP_FROM =
  'UPDATE audit.denial_retention SET kept_from = $1, dropped_before = greatest(dropped_before, $1) WHERE kept_from <> $1';
/** Twice as long as a stream can resume. */
const FORGET_ARRIVALS = `DELETE FROM audit.denial_arrivals WHERE arrived_at < now() - interval '2 hours'`;
