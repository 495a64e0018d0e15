import { Argument, Command } from 'commander';
import { openDatabase } from '../database/open-database.js';
import { comparisonJson, comparisonTable } from '../read-models/comparison-table.js';
import { examplesOption } from '../read-models/examples-option.js';
import { READ_MODEL_NAMES, READ_MODELS, type ReadModelName } from '../read-models/read-models.js';
import { tell, tellError } from '../read-models/tell.js';

interface RebuildCommandOptions {
  readonly json?: boolean;
  readonly examples: number;
  readonly resume?: boolean;
}

/** `postern rebuild`: exit code 0 when the new version is live, 1 when it is not. */
export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description('make a read model from the journal next to the live one, and switch to it, while Postern runs or not')
    .addArgument(new Argument('<read-model>', 'which one').choices(READ_MODEL_NAMES))
    .addOption(examplesOption())
    .option('--resume', 'go on where a rebuild of this release was ended before it was through')
    .addHelpText('after', HELP)
    .action(async (name: ReadModelName, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<RebuildCommandOptions>();
      try {
        await rebuild(name, options);
      } catch (error) {
        process.exitCode = 1;
        tellError(`Could not rebuild ${name}`, error, options.json ?? false);
      }
    });
}

async function rebuild(name: ReadModelName, options: RebuildCommandOptions): Promise<void> {
  const { examples, resume = false, json = false } = options;
  const database = await openDatabase(process.env);
  try {
    const found = await READ_MODELS[name].rebuild(database, { examples, resume }, tell);
    process.stdout.write(`${json ? comparisonJson([found]) : comparisonTable([found])}\n`);
    tell(`${name}: the new version is live. Above: the one that it replaced, compared with the journal.`);
  } finally {
    await database.close();
  }
}

const HELP = `
Relays see no gap and take no snapshot; readers wait for moments at most. Killed half-way, nothing is changed: run it again, from the
beginning or with --resume. It needs room for a second copy of the tables.

Examples:
  postern rebuild relay-policies
  postern rebuild denials
  postern rebuild denials --resume`;
