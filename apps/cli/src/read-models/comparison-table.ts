import { isEqual, type Comparison } from '@postern/read-models';
import Table from 'cli-table3';

/** Comparisons for people: a line for each table, or month of it, and under it the rows that differ. */
export function comparisonTable(comparisons: readonly Comparison[]): string {
  const table = new Table({
    style: { head: [], border: [] },
    head: ['read model', 'table', 'live rows', 'in the journal', 'differing'],
  });
  for (const { model, compared } of comparisons) {
    for (const { table: name, group, live, journal, differing } of compared) {
      table.push([model, group === null ? name : `${name} ${group}`, live, journal, differing]);
    }
  }
  const differing = comparisons.flatMap(({ model, differences }) =>
    differences.map(({ table: name, key, kind }) => `  ${model}: ${name} ${key} ${SAID[kind]}`),
  );
  const examples = differing.length === 0 ? [] : ['', 'Rows that differ, for example:', ...differing];
  return [table.toString(), ...examples].join('\n');
}

const SAID = {
  missing: 'is missing',
  extra: 'is not in the journal',
  behind: 'is at another version, and did not move',
  different: 'is not as the journal has it',
} as const;

/** The same for scripts. */
export function comparisonJson(comparisons: readonly Comparison[]): string {
  const models = comparisons.map((comparison) => ({ ...comparison, equal: isEqual(comparison) }));
  return JSON.stringify({ equal: models.every(({ equal }) => equal), models }, null, 2);
}
