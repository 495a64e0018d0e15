import { rebuild } from '@postern/read-models';
import { Argument, Command } from 'commander';
import { openDatabase } from '../database/open-database.js';
import { READ_MODEL_NAMES, READ_MODELS, type ReadModelName } from '../read-models/read-models.js';
import { tell, tellError } from '../read-models/tell.js';

interface RebuildCommandOptions {
  readonly json?: boolean;
  readonly resume?: boolean;
}

/** `postern rebuild`: exit code 0 when the new tables are live, 1 when they are not. */
export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description(
      'make the tables of a read model again from the journal, and switch to them, while Postern runs or not',
    )
    .addArgument(new Argument('<read-model>', 'which one').choices(READ_MODEL_NAMES))
    .option('--resume', 'continue a rebuild of this release that did not come to its end')
    .addHelpText('after', HELP)
    .action(async (name: ReadModelName, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<RebuildCommandOptions>();
      try {
        await rebuildOne(name, options);
      } catch (error) {
        process.exitCode = 1;
        tellError(`Could not rebuild ${name}`, error, options.json ?? false);
      }
    });
}

async function rebuildOne(name: ReadModelName, { resume = false, json = false }: RebuildCommandOptions): Promise<void> {
  const database = await openDatabase(process.env);
  try {
    const rebuilt = await rebuild(READ_MODELS[name], database, { resume }, tell);
    tell(`${name}: the new tables are live`);
    if (json) process.stdout.write(`${JSON.stringify(rebuilt, null, 2)}\n`);
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
