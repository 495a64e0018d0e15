import { examples } from '@postern/terminal';
import { Command } from 'commander';
import { confirm } from '../input/confirm.js';
import { writeOptions, type WriteOptions } from '../options.js';
import { sessionOf } from '../session.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import { writeRestriction } from './write-restriction.js';

/** Opens an SMTP user to every address. */
export function clearCommand(): Command {
  const command = new Command('clear')
    .description('take the restriction off: the SMTP user may log in from anywhere')
    .argument('<user>', 'username or id')
    .option('--yes', 'do not ask')
    .action(async (named: string, options: WriteOptions & { yes?: boolean }, self: Command) => {
      const session = sessionOf(self);
      const user = await findSmtpUser(session, named);
      await confirm(`Let ${user.name} log in from any address?`, options.yes ?? false);
      await writeRestriction(session, user, { method: 'DELETE', part: '/restriction', ...options });
    });
  return examples(writeOptions(command, { versioned: true }), 'postern clear app@acme.example --yes');
}
