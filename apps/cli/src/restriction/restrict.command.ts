import { examples } from '@postern/terminal';
import { Command, Option } from 'commander';
import { entriesGiven } from '../input/entries.js';
import { timeAhead } from '../input/time-text.js';
import { writeOptions, type WriteOptions } from '../options.js';
import { sessionOf } from '../session.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import { writeRestriction } from './write-restriction.js';

interface EntryOptions extends WriteOptions {
  readonly from?: string;
  readonly note?: string;
  readonly expires?: string;
}

/** Sets the list. */
export function restrictCommand(): Command {
  const command = new Command('restrict')
    .description('let an SMTP user log in from these addresses alone; replaces its list')
    .argument('<user>', 'username or id')
    .argument('[ranges...]', 'addresses and ranges, IPv4 or IPv6')
    .addOption(new Option('--mode <mode>', 'report-only records and lets through').choices(['enforce', 'report-only']))
    .action(async (named: string, ranges: string[], options: EntryOptions & { mode?: string }, self: Command) => {
      const session = sessionOf(self);
      const entries = await entriesGiven({ ranges, ...options });
      const { mode, idempotencyKey, ifVersion } = options;
      const body = { entries, ...(mode === undefined ? {} : { mode }) };
      const user = await findSmtpUser(session, named);
      await writeRestriction(session, user, {
        method: 'PUT',
        part: '/restriction',
        body,
        idempotencyKey,
        ifVersion: ifVersion ?? '*',
      });
    });
  return examples(
    writeOptions(entryOptions(command), { versioned: true }),
    'postern restrict app@acme.example 203.0.113.0/24 2001:db8::/64',
    'postern restrict app@acme.example 203.0.113.0/24 --mode report-only',
    'postern restrict app@acme.example --from ranges.txt --if-version 7',
  );
}

/** Adds to the list. */
export function allowCommand(): Command {
  const command = new Command('allow')
    .description('add addresses to the list; the first one restricts an unrestricted SMTP user')
    .argument('<user>', 'username or id')
    .argument('[ranges...]', 'addresses and ranges, IPv4 or IPv6')
    .action(async (named: string, ranges: string[], options: EntryOptions, self: Command) => {
      const session = sessionOf(self);
      const body = { entries: await entriesGiven({ ranges, ...options }) };
      const { idempotencyKey, ifVersion } = options;
      const user = await findSmtpUser(session, named);
      const write = { method: 'POST' as const, part: '/restriction/entries', body, idempotencyKey, ifVersion };
      await writeRestriction(session, user, write);
    });
  return examples(
    writeOptions(entryOptions(command), { versioned: true }),
    'postern allow app@acme.example 198.51.100.7 --note "new office" --expires 7d',
    'postern allow app@acme.example 2001:db8:1::/48 --expires 2030-01-31T12:00:00Z',
  );
}

function entryOptions(command: Command): Command {
  return command
    .option('--note <text>', 'why they are on the list')
    .option('--expires <when>', 'until when: 7d from now, a day, or RFC 3339', (text) => timeAhead(text))
    .option('--from <file>', 'read ranges from a file, one a line, with a note after #; - is standard input');
}
