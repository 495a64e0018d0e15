import { isEqual, verify, type Comparison, type ReadModel } from '@postern/read-models';
import type { Column, Output } from '@postern/terminal';
import { changesModel } from '../../../audit-trail-service/src/changes/changes-model.js';
import { denialsModel } from '../../../audit-trail-service/src/denials/denials-model.js';
import { relayPoliciesModel } from '../../../projection-service/src/relay-policies/relay-policies-model.js';
import { directoryModel } from '../../../projection-service/src/smtp-user-directory/directory-model.js';
import type { ReadModelName } from '../choices.js';

export { rebuild } from '@postern/read-models';

/** Imported by file: the services' modules take half a second of CPU to load. */
export const READ_MODELS: Readonly<Record<ReadModelName, ReadModel>> = {
  'relay-policies': relayPoliciesModel,
  directory: directoryModel,
  changes: changesModel,
  denials: denialsModel,
};

export async function compare(
  url: string,
  names: readonly ReadModelName[],
  examples: number,
  report: (line: string) => void,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const name of new Set(names)) comparisons.push(await verify(READ_MODELS[name], { url }, examples, report));
  return comparisons;
}

export function showComparisons(comparisons: readonly Comparison[], output: Output): boolean {
  const equal = comparisons.every(isEqual);
  const models = comparisons.map((comparison) => ({ ...comparison, equal: isEqual(comparison) }));
  output.answer({ equal, models }, () => {
    const rows = comparisons.flatMap(({ model, compared }) => compared.map((row) => ({ model, ...row })));
    const differing = comparisons.flatMap(({ model, differences }) =>
      differences.map(({ table, key, kind }) => `  ${model}: ${table} ${key} ${DIFFERENCE[kind]}`),
    );
    const examples = differing.length === 0 ? [] : ['', 'Rows that differ, for example:', ...differing];
    return [output.table(COLUMNS, rows), ...examples, ...comparisons.flatMap(notAllCompared)].join('\n');
  });
  return equal;
}

function notAllCompared({ model, uncompared }: Comparison): string[] {
  if (uncompared === 0) return [];
  const why = `its consumer is far behind the journal: ${uncompared} late rows were too many to wait for`;
  return ['', `${model}: Not all rows could be compared: ${why}. Run verify again when it has caught up.`];
}

const COLUMNS: readonly Column<Comparison['compared'][number] & { readonly model: string }>[] = [
  { title: 'READ MODEL', value: ({ model }) => model },
  { title: 'TABLE', value: ({ table, group }) => (group === null ? table : `${table} ${group}`) },
  { title: 'LIVE ROWS', value: ({ live }) => String(live) },
  { title: 'IN THE JOURNAL', value: ({ journal }) => String(journal) },
  { title: 'DIFFERING', value: ({ differing }) => String(differing) },
];

const DIFFERENCE = {
  missing: 'is missing',
  extra: 'is not in the journal',
  behind: 'is at another version, and did not move',
  different: 'differs from the journal',
} as const;
