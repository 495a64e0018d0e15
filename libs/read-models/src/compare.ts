import type { DataSource, QueryRunner } from 'typeorm';
import { lookAgain, type LookAgain, type MovingRow } from './look-again.js';
import type { Compared, Difference, ModelTable, ReadModel } from './read-model.js';

/** So many rows that may be on their way are looked at again; of more, the consumer is far behind. */
const MOST_MOVING = 10_000;

export interface ComparedTables {
  readonly compared: Compared[];
  readonly differences: Difference[];
}

/**
 * Compares the live tables (`model.schema`) with those in `next`, which were filled from the journal: where both rows are at the
 * same version they must be equal; the others are looked at again, after `catchUp` has brought the next ones to the journal's end.
 * Names at most `examples` rows.
 */
export async function compareTables(
  owner: DataSource,
  model: ReadModel,
  next: string,
  examples: number,
  { until, hasApplied }: Pick<LookAgain, 'until' | 'hasApplied'>,
  catchUp: () => Promise<void>,
): Promise<ComparedTables> {
  const compared: Compared[] = [];
  const differences: Difference[] = [];
  for (const table of model.tables) {
    const { groups, different, moving } = await inSnapshot(owner, (runner) => compareTable(runner, model, next, table));
    const again = await lookAgain(moving, {
      until,
      hasApplied,
      look: async (keys) => {
        await catchUp();
        return inSnapshot(owner, (runner) => unequalRows(runner, model, next, table, { keys }));
      },
    });
    const groupOf = new Map([...different, ...moving].map(({ key, group }) => [key, group]));
    const found = [...different, ...again];
    for (const [group, { live, journal }] of groups) {
      const differing = found.filter(({ key }) => groupOf.get(key) === group).length;
      compared.push({ table: table.name, group: table.group === null ? null : group, live, journal, differing });
    }
    for (const { key, kind } of found.slice(0, examples - differences.length))
      differences.push({ table: table.name, key, kind });
  }
  return { compared, differences };
}

interface GroupedRow extends MovingRow {
  readonly group: string;
}

type Groups = ReadonlyMap<string, { readonly live: number; readonly journal: number }>;

async function compareTable(runner: QueryRunner, model: ReadModel, next: string, table: ModelTable) {
  const [live, journal] = [await digests(runner, model.schema, table), await digests(runner, next, table)];
  const names = table.group === null ? [''] : [...new Set([...live.keys(), ...journal.keys()])].sort();
  const groups: Groups = new Map(
    names.map((group) => [group, { live: live.get(group)?.rows ?? 0, journal: journal.get(group)?.rows ?? 0 }]),
  );
  const unequal = names.filter((group) => live.get(group)?.digest !== journal.get(group)?.digest);
  const rows = unequal.length === 0 ? [] : await unequalRows(runner, model, next, table, { groups: unequal });
  return {
    groups,
    different: rows.filter(({ kind }) => kind === 'different'),
    moving: rows.filter(({ kind }) => kind !== 'different'),
  };
}

/** Of each group the rows, and the XOR of a 64-bit hash of each: it needs no sort, and PostgreSQL makes it in parallel. */
async function digests(
  runner: QueryRunner,
  schema: string,
  table: ModelTable,
): Promise<Map<string, { readonly rows: number; readonly digest: string }>> {
  const rows = (await runner.query(
    `SELECT ${table.group ?? `''`} AS "group", count(*) AS rows, bit_xor(hashtextextended(ROW(${table.compared})::text, 8025)) AS digest
       FROM ${schema}.${table.name} WHERE ${table.where ?? 'true'} GROUP BY 1`,
  )) as { group: string; rows: string; digest: string }[];
  return new Map(rows.map(({ group, rows: count, digest }) => [group, { rows: Number(count), digest }]));
}

/** The rows that are not equal, of some groups or of some keys. */
async function unequalRows(
  runner: QueryRunner,
  model: ReadModel,
  next: string,
  table: ModelTable,
  which: { readonly groups: readonly string[] } | { readonly keys: readonly string[] },
): Promise<GroupedRow[]> {
  const [condition, values] =
    'groups' in which
      ? [`${table.group ?? `''`} = ANY ($1::text[])`, which.groups]
      : [`${table.key} = ANY ($1::text[])`, which.keys];
  const rowsOf = (schema: string) =>
    `SELECT ${table.key} AS key, ${table.group ?? `''`} AS "group", (${table.version ?? '0'})::text AS version, ROW(${table.compared})::text AS line
       FROM ${schema}.${table.name} WHERE ${table.where ?? 'true'} AND ${condition}`;
  const rows = (await runner.query(
    `SELECT key, coalesce(l."group", n."group") AS "group", l.version,
            CASE WHEN l.line IS NULL THEN 'missing' WHEN n.line IS NULL THEN 'extra'
                 WHEN l.version = n.version THEN 'different' ELSE 'behind' END AS kind
       FROM (${rowsOf(model.schema)}) l FULL JOIN (${rowsOf(next)}) n USING (key)
      WHERE l.line IS DISTINCT FROM n.line ORDER BY key LIMIT ${MOST_MOVING}`,
    [values],
  )) as Omit<GroupedRow, 'table'>[];
  return rows.map((row) => ({ ...row, table: table.name }));
}

/** Both versions at one moment. It takes no transaction id, so that nothing waits for it while it is read. */
async function inSnapshot<T>(owner: DataSource, read: (runner: QueryRunner) => Promise<T>): Promise<T> {
  const runner = owner.createQueryRunner();
  try {
    await runner.startTransaction('REPEATABLE READ');
    return await read(runner);
  } finally {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    await runner.release();
  }
}
