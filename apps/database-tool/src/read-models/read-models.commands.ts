import { changesModel, denialsModel } from '@postern/audit-trail-service';
import { directoryModel, relayPoliciesModel } from '@postern/projection-service';
import { isEqual, rebuild, verify, type Comparison, type ReadModel } from '@postern/read-models';
import { wholeNumber, type Column, type Output } from '@postern/terminal';
import { Argument, Command } from 'commander';
import { runOnDatabase } from '../run-command.js';

/** Every read model, by the name that an operator gives. */
const READ_MODELS: Readonly<Record<string, ReadModel>> = {
  'relay-policies': relayPoliciesModel,
  directory: directoryModel,
  changes: changesModel,
  denials: denialsModel,
};
export const READ_MODEL_NAMES = Object.keys(READ_MODELS);

/** `postern verify`: exit code 0 where all is equal, 1 where something differs, 2 where it could not be found out. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('compare each row of the read models with the journal, while Postern runs or not')
    .addArgument(new Argument('[read-models...]', 'which ones; all, unless named').choices(READ_MODEL_NAMES))
    .option(
      '--examples <n>',
      'name at most so many rows of a read model that differ (0 to 1000)',
      wholeNumber(0, 1_000),
      10,
    )
    .addHelpText('after', VERIFY_HELP)
    .action(async (named: readonly string[], { examples }: { examples: number }, self: Command) => {
      await runOnDatabase(self, 'Could not verify', async ({ url }, { output, report }) => {
        const comparisons = await compare(url, named.length === 0 ? READ_MODEL_NAMES : named, examples, report);
        if (showComparisons(comparisons, output)) return;
        process.exitCode = 1;
        report('The read models are not as the journal has them: see postern rebuild --help');
      });
    });
}

/** `postern rebuild`: exit code 0 when the new tables are live, 1 when they are not. */
export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description(
      'make the tables of a read model again from the journal, and switch to them, while Postern runs or not',
    )
    .addArgument(new Argument('<read-model>', 'which one').choices(READ_MODEL_NAMES))
    .option('--resume', 'continue a rebuild of this release that did not come to its end')
    .addHelpText('after', REBUILD_HELP)
    .action(async (name: string, { resume = false }: { resume?: boolean }, self: Command) => {
      await runOnDatabase(
        self,
        `Could not rebuild ${name}`,
        async ({ url }, { output, report }) => {
          const rebuilt = await rebuild(modelOf(name), { url }, { resume }, report);
          report(`${name}: the new tables are live`);
          if (output.json) output.answer(rebuilt, String);
        },
        1,
      );
    });
}

/** Compares read models with the journal, one after the other. `url` is the owner's; all of them, unless named. */
export async function compare(
  url: string,
  names: readonly string[] = READ_MODEL_NAMES,
  examples: number,
  report: (line: string) => void,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const name of new Set(names)) comparisons.push(await verify(modelOf(name), { url }, examples, report));
  return comparisons;
}

/** Shows a line for each table, or month of it, and under them rows that differ. Returns whether all is equal. */
export function showComparisons(comparisons: readonly Comparison[], output: Output): boolean {
  const equal = comparisons.every(isEqual);
  const models = comparisons.map((comparison) => ({ ...comparison, equal: isEqual(comparison) }));
  output.answer({ equal, models }, () => {
    const rows = comparisons.flatMap(({ model, compared }) => compared.map((row) => ({ model, ...row })));
    const differing = comparisons.flatMap(({ model, differences }) =>
      differences.map(({ table, key, kind }) => `  ${model}: ${table} ${key} ${DIFFERENCE[kind]}`),
    );
    const examples = differing.length === 0 ? [] : ['', 'Rows that differ, for example:', ...differing];
    return [output.table(COLUMNS, rows), ...examples].join('\n');
  });
  return equal;
}

type Row = Comparison['compared'][number] & { readonly model: string };

const COLUMNS: readonly Column<Row>[] = [
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
  different: 'is not as the journal has it',
} as const;

function modelOf(name: string): ReadModel {
  const model = READ_MODELS[name];
  if (!model) throw new Error(`There is no read model ${name}: there are ${READ_MODEL_NAMES.join(', ')}.`);
  return model;
}

const VERIFY_HELP = `
It reads the database itself: that of POSTERN_DATABASE_URL, or the embedded one of POSTERN_DATA_DIR, which it starts where no
Postern runs on it. Progress goes to standard error.

Exit code: 0 all is equal, 1 something differs, 2 it could not be found out.

Examples:
  postern verify
  postern verify denials --json
  postern verify relay-policies --examples 100`;

const REBUILD_HELP = `
Relays see no gap and take no snapshot; readers wait for moments at most. Killed half-way, nothing is changed: run it again, from the
beginning or with --resume. It needs room for a second copy of the tables.

Examples:
  postern rebuild relay-policies
  postern rebuild denials
  postern rebuild denials --resume`;
