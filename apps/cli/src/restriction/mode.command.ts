import { examples } from '@postern/terminal';
import { Argument, Command } from 'commander';
import { writeOptions, type WriteOptions } from '../options.js';
import { sessionOf } from '../session.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import { writeRestriction } from './write-restriction.js';

/** Changes what a mismatch does. */
export function modeCommand(): Command {
  const command = new Command('mode')
    .description('enforce the list, or only report what it would refuse')
    .argument('<user>', 'username or id')
    .addArgument(new Argument('<mode>').choices(['enforce', 'report-only']))
    .action(async (named: string, mode: string, options: WriteOptions, self: Command) => {
      const session = sessionOf(self);
      const user = await findSmtpUser(session, named);
      await writeRestriction(session, user, { method: 'PUT', part: '/restriction/mode', body: { mode }, ...options });
    });
  return examples(writeOptions(command, { versioned: true }), 'postern mode app@acme.example report-only');
}
