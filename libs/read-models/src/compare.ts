import type { QueryRunner } from 'typeorm';
import type { Compared, Difference, ModelTable, ReadModel, RowsDigest } from './read-model.js';

/** Compares the live tables (`model.schema`) with those in `beside`, in the runner's snapshot; names at most `examples` rows. */
export async function compareTables(
  runner: QueryRunner,
  model: ReadModel,
  beside: string,
  examples: number,
): Promise<{ readonly compared: Compared[]; readonly differences: Difference[] }> {
  const compared: Compared[] = [];
  const differences: Difference[] = [];
  for (const table of model.tables) {
    const live = await digests(runner, model.schema, table);
    const journal = await digests(runner, beside, table);
    const groups = table.group === null ? [''] : [...new Set([...live.keys(), ...journal.keys()])].sort();
    for (const group of groups) {
      const pair = { live: live.get(group) ?? NONE, journal: journal.get(group) ?? NONE };
      compared.push({ table: table.name, group: table.group === null ? null : group, ...pair });
      const left = examples - differences.length;
      if (left > 0 && !isSame(pair)) {
        differences.push(...(await differing(runner, model.schema, beside, table, group, left)));
      }
    }
  }
  return { compared, differences };
}

const NONE: RowsDigest = { rows: 0, digest: '0'.repeat(16) };

function isSame({ live, journal }: { readonly live: RowsDigest; readonly journal: RowsDigest }): boolean {
  return live.rows === journal.rows && live.digest === journal.digest;
}

/** XOR of a 64-bit hash of each row: it needs no sort, and PostgreSQL makes it in parallel. */
async function digests(runner: QueryRunner, schema: string, table: ModelTable): Promise<Map<string, RowsDigest>> {
  const rows = (await runner.query(
    `SELECT ${table.group ?? `''`} AS "group", count(*) AS rows,
            lpad(to_hex(bit_xor(hashtextextended(ROW(${table.compared})::text, 8025))), 16, '0') AS digest
       FROM ${schema}.${table.name} WHERE ${table.where ?? 'true'} GROUP BY 1`,
  )) as { group: string; rows: string; digest: string }[];
  return new Map(rows.map((row) => [row.group, { rows: Number(row.rows), digest: row.digest }]));
}

async function differing(
  runner: QueryRunner,
  live: string,
  journal: string,
  table: ModelTable,
  group: string,
  limit: number,
): Promise<Difference[]> {
  const rowsOf = (schema: string) =>
    `SELECT ${table.key} AS key, ROW(${table.compared})::text AS line FROM ${schema}.${table.name}
      WHERE ${table.group ?? `''`} = $1 AND ${table.where ?? 'true'}`;
  const rows = (await runner.query(
    `SELECT key, l.line IS NULL AS missing, j.line IS NULL AS extra
       FROM (${rowsOf(live)}) l FULL JOIN (${rowsOf(journal)}) j USING (key)
      WHERE l.line IS DISTINCT FROM j.line ORDER BY key LIMIT $2`,
    [group, limit],
  )) as { key: string; missing: boolean; extra: boolean }[];
  return rows.map(({ key, missing, extra }) => ({
    table: table.name,
    key,
    kind: missing ? 'missing' : extra ? 'extra' : 'different',
  }));
}
