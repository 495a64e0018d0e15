import { examples } from '@postern/terminal';
import { Command } from 'commander';
import { isUuid } from '@postern/contracts';
import { parseRange } from '@postern/ip-ranges';
import type { Entry, Restriction } from '@postern/restrictions';
import { EXIT } from '../exit-codes.js';
import { Failure } from '../failure.js';
import { writeOptions, type WriteOptions } from '../options.js';
import { sessionOf } from '../session.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import { writeRestriction } from './write-restriction.js';

/** Takes one entry off the list. */
export function disallowCommand(): Command {
  const command = new Command('disallow')
    .description('take an entry off the list; never the last one, see clear')
    .argument('<user>', 'username or id')
    .argument('<entry>', 'its range, or its id')
    .action(async (named: string, entry: string, options: WriteOptions, self: Command) => {
      const session = sessionOf(self);
      const user = await findSmtpUser(session, named);
      const restriction = await session.api.get<Restriction>(`${user.path}/restriction`);
      const { id } = entryNamed(entry, restriction.entries, user.name);
      await writeRestriction(session, user, { method: 'DELETE', part: `/restriction/entries/${id}`, ...options });
    });
  return examples(
    writeOptions(command, { versioned: true }),
    'postern disallow app@acme.example 198.51.100.7',
    'postern disallow app@acme.example 2001:db8::/64 --if-version 7',
  );
}

/** By what the range is, not how it is written: `2001:DB8::/64` finds `2001:db8::/64`. */
function entryNamed(text: string, entries: readonly Entry[], name: string): { readonly id: string } {
  // What the list has is for Postern to say, also where the reads are behind.
  if (isUuid(text.toLowerCase())) return { id: text.toLowerCase() };
  const range = parseRange(text);
  if (!range.ok) throw new Failure(EXIT.usage, range.detail);
  const entry = entries.find((candidate) => candidate.range === range.value.text);
  if (entry) return entry;
  const listed = entries.map((candidate) => candidate.range).slice(0, 10);
  const has =
    listed.length === 0 ? 'It has no entries.' : `It has ${listed.join(', ')}${entries.length > 10 ? ', …' : '.'}`;
  throw new Failure(EXIT.refused, `${name} has no entry ${range.value.text}. ${has}`);
}
