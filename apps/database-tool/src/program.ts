import { version } from '@postern/terminal';
import { Command } from 'commander';
import { backupCommand, restoreCommand } from './backup/backup.commands.js';
import { deadLettersCommand } from './dead-letters/dead-letters.command.js';
import { makeSecretsCommand, migrateCommand } from './migrate/migrate.commands.js';
import { rebuildCommand, verifyCommand } from './read-models/read-models.commands.js';
import { republishCommand } from './republish/republish.command.js';

/** The operator's tool for the database itself, in the order of its help. */
export function buildProgram(): Command {
  const program = new Command('postern')
    .description('What an operator does with the database of a Postern.')
    .version(version())
    .option('--json', 'what was found as JSON, errors as JSON on standard error')
    .addHelpText('after', HELP);
  for (const command of COMMANDS) program.addCommand(command());
  return program;
}

const COMMANDS: readonly (() => Command)[] = [
  migrateCommand,
  backupCommand,
  restoreCommand,
  verifyCommand,
  rebuildCommand,
  deadLettersCommand,
  republishCommand,
  makeSecretsCommand,
];

const HELP = `
These commands work on the database of POSTERN_DATABASE_URL, by its owner's URL, or on the embedded one of POSTERN_DATA_DIR. They need no
API key. Progress goes to standard error.

Examples:
  postern verify
  postern backup postern.backup`;
