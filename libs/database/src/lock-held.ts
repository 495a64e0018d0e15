import type { DataSource } from 'typeorm';

/** Whether a session of this database holds the advisory lock, so that its process is running. As any role. */
export async function isLockHeld(dataSource: Pick<DataSource, 'query'>, lock: number): Promise<boolean> {
  // A lock by one bigint: the upper half is in classid, the lower in objid; objsubid 1 distinguishes it from one by two integers.
  const [row] = await dataSource.query<{ held: boolean }[]>(
    `SELECT EXISTS (
       SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1 AND objsubid = 1
          AND datname = current_database()) AS held`,
    [lock],
  );
  return row?.held === true;
}
