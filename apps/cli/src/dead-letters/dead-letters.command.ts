import { Command } from 'commander';
import { discardCommand } from './discard.command.js';
import { listCommand } from './list.command.js';
import { retryCommand } from './retry.command.js';
import { showCommand } from './show.command.js';

/** `postern dead-letters`: what the audit trail put aside because it could not be read. */
export function deadLettersCommand(): Command {
  return new Command('dead-letters')
    .description('denials that could not be read and were put aside: look at them, and have them read again')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(retryCommand())
    .addCommand(discardCommand())
    .addHelpText('after', HELP);
}

const HELP = `
They lie in the database itself: that of POSTERN_DATABASE_URL, or the embedded one of POSTERN_DATA_DIR. Postern may run meanwhile.

Exit code: 0 done, 1 some are still not on record, 2 it could not be found out.

Examples:
  postern dead-letters list
  postern dead-letters show 0198c0de-0000-7000-8000-0000000000d1
  postern dead-letters retry --all`;
