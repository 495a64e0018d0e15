import { version } from '@postern/terminal';
import { Command, InvalidArgumentError, Option } from 'commander';
import { auditCommands } from './audit.commands.js';
import { restrictionCommands } from './restriction.commands.js';
import { previewCommand } from './preview.command.js';
import { serverCommands } from './server.commands.js';
import { sourcesCommands } from './sources.commands.js';
import { keysCommand, tenantsCommand } from './tenants.commands.js';
import { duration } from './time-text.js';
import { usersCommand } from './users.commands.js';

const COMMANDS = [
  tenantsCommand,
  keysCommand,
  usersCommand,
  ...restrictionCommands,
  previewCommand,
  ...sourcesCommands,
  ...auditCommands,
  ...serverCommands,
];

export function buildProgram(): Command {
  const program = new Command('postern')
    .description('Set from which addresses an SMTP user may log in, and see who was denied.')
    .option(
      '--url <url>',
      'the address of Postern (POSTERN_URL; default: by POSTERN_HTTP_HOST and POSTERN_HTTP_PORT, http://127.0.0.1:8025)',
    )
    .option('--tenant <id>', 'the tenant (POSTERN_TENANT; default: the tenant of the key)')
    .option('--key-file <file>', 'a file with the API key; - is standard input (POSTERN_KEY, POSTERN_KEY_FILE)')
    .option('--json', 'print the answer of the API as JSON, and problems as JSON on standard error')
    .addOption(
      new Option('--timeout <duration>', 'for a request with all its retries, at most 10m')
        .default(30_000, '30s')
        .argParser(timeout),
    )
    .version(version())
    .addHelpText('after', AFTER_HELP);
  for (const command of COMMANDS) program.addCommand(command);
  return program;
}

function timeout(text: string): number {
  const ms = duration(text);
  if (ms < 1 || ms > duration('10m')) throw new InvalidArgumentError('Give a duration from 1ms to 10m.');
  return ms;
}

const AFTER_HELP = `
The API key is read from --key-file, else POSTERN_KEY, else POSTERN_KEY_FILE, else, if Postern runs on this machine,
from .postern/operator-key (POSTERN_DATA_DIR). An operator key reads all tenants. To change SMTP users you need an
admin key of their tenant.

Exit codes:
  0  success; the answer is yes
  1  the answer is no: refused (check, preview), not ready (health), or you declined a question
  2  the command line, the environment or a file is wrong; nothing was changed
  3  Postern refused the request (4xx), or the named object does not exist
  4  Postern cannot be reached, was too slow, too busy, or failed (5xx)

Examples:
  postern tenants create acme --name "Acme Ltd"
  postern keys issue admin --tenant acme --name "platform team" --save acme.key
  export POSTERN_KEY_FILE=acme.key
  postern users add app@acme.example
  postern restrict app@acme.example 203.0.113.0/24 2001:db8::/64
  postern check app@acme.example 198.51.100.7
  postern tail app@acme.example

\`postern <command> --help\` shows the arguments of a command, with examples.

These commands use the database itself, and need no key:
  postern migrate | backup | restore | verify | rebuild | dead-letters | republish   (each with --help)

These commands run Postern, with the settings of the environment:
  postern start                       all in one process at http://127.0.0.1:8025, with the data in .postern/
  postern services [--instances <n>]  one process per service, n of each
  postern command-service | projection-service | audit-trail-service`;
