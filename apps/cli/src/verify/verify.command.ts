import { isEqual, verify, type Comparison } from '@postern/read-models';
import { Argument, Command } from 'commander';
import { openDatabase } from '../database/open-database.js';
import { comparisonJson, comparisonTable } from '../read-models/comparison-table.js';
import { examplesOption } from '../read-models/examples-option.js';
import { READ_MODEL_NAMES, READ_MODELS, type ReadModelName } from '../read-models/read-models.js';
import { tell, tellError } from '../read-models/tell.js';

interface VerifyOptions {
  readonly json?: boolean;
  readonly examples: number;
}

/** `postern verify`: exit code 0 where all is equal, 1 where something differs, 2 where it could not be found out. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('compare each row of the read models with the journal, while Postern runs or not')
    .addArgument(new Argument('[read-models...]', 'which ones; all, unless named').choices(READ_MODEL_NAMES))
    .addOption(examplesOption())
    .addHelpText('after', HELP)
    .action(async (names: ReadModelName[], _: unknown, command: Command) => {
      // --json may also stand before the command's name.
      const { json = false, examples } = command.optsWithGlobals<VerifyOptions>();
      try {
        const comparisons = await verifyAll(names.length === 0 ? READ_MODEL_NAMES : names, examples);
        process.stdout.write(`${(json ? comparisonJson : comparisonTable)(comparisons)}\n`);
        if (comparisons.every(isEqual)) return;
        process.exitCode = 1;
        tell('The read models are not as the journal has them: see postern rebuild --help');
      } catch (error) {
        process.exitCode = 2;
        tellError('Could not verify', error, json);
      }
    });
}

async function verifyAll(names: readonly ReadModelName[], examples: number): Promise<Comparison[]> {
  const database = await openDatabase(process.env);
  try {
    const comparisons: Comparison[] = [];
    for (const name of new Set(names)) {
      comparisons.push(await verify(READ_MODELS[name], database, examples, tell));
    }
    return comparisons;
  } finally {
    await database.close();
  }
}

const HELP = `
It reads the database itself: that of POSTERN_DATABASE_URL, or the embedded one of POSTERN_DATA_DIR, which it starts where no
Postern runs on it. Progress goes to standard error.

Exit code: 0 all is equal, 1 something differs, 2 it could not be found out.

Examples:
  postern verify
  postern verify denials --json
  postern verify relay-policies --examples 100`;
