import { isUuid } from '@postern/contracts';
import { parseRange } from '@postern/ip-ranges';
import type { Entry, Restriction } from '@postern/restrictions';
import { Argument, Option } from 'commander';
import type { WriteMethod, WriteOptions } from './api.js';
import { ApiCommand, type Session } from './command.js';
import { entriesGiven, type EntriesGiven } from './entries.js';
import { EXIT, Failure } from './failure.js';
import { findSmtpUser, type NamedSmtpUser } from './smtp-user.js';
import { suggestedRanges } from './sources.commands.js';
import { timeAhead } from './time-text.js';

export interface RestrictionChange extends WriteOptions {
  readonly method: WriteMethod;
  readonly part: string;
  readonly preview: object;
}

export interface ChangeCommands {
  readonly prefix: string;
  /** Adds at least `--days` for `restrict`. */
  readonly options: (command: ApiCommand) => ApiCommand;
  readonly run: (session: Session, user: NamedSmtpUser, change: RestrictionChange, options: object) => Promise<void>;
}

const MODES = ['enforce', 'report-only'];

type EntryOptions = WriteOptions & Omit<EntriesGiven, 'ranges'>;
interface ModeOptions extends WriteOptions {
  readonly enforceAt?: string;
}
interface RestrictOptions extends EntryOptions, ModeOptions {
  readonly mode?: string;
  readonly fromSources?: boolean;
  readonly days: number;
}

/** `restrict`, `allow`, `disallow` and `mode`, in the order of the help. */
export function changeCommands({ prefix, options: withOptions, run }: ChangeCommands): ApiCommand[] {
  const command = (name: string, description: string): ApiCommand =>
    new ApiCommand(name).description(description).argument('<user>', 'username or id');
  const withEntries = (command: ApiCommand): ApiCommand =>
    command
      .argument('[ranges...]', 'addresses and ranges, IPv4 or IPv6')
      .option('--note <text>', 'a note for each range, such as the reason')
      .option('--expires <when>', 'when they expire: 7d (from now), a day, or RFC 3339', (text) => timeAhead(text))
      .option('--from <file>', 'read ranges from a file, one per line, with a note after #; - is standard input');

  const withEnforceAt = (command: ApiCommand): ApiCommand =>
    command.option(
      '--enforce-at <when>',
      'when report-only ends and relays enforce the list: 7d (from now), a day, or RFC 3339',
      (text) => timeAhead(text),
    );

  const restrict = withOptions(
    withEnforceAt(
      withEntries(command('restrict', 'let an SMTP user log in only from these addresses; replaces its list'))
        .addOption(
          new Option(
            '--mode <mode>',
            'report-only refuses nothing and records what it would refuse; default: the present mode',
          ).choices(MODES),
        )
        .option('--from-sources', 'use the ranges that `postern suggest` shows, and those that you name'),
    ),
  )
    .examples(
      `${prefix} restrict app@acme.example 203.0.113.0/24 2001:db8::/64`,
      `${prefix} restrict app@acme.example 203.0.113.0/24 --mode report-only --enforce-at 14d`,
      `${prefix} restrict app@acme.example --from ranges.txt`,
      `${prefix} restrict app@acme.example --from-sources --days 90`,
    )
    .runs(async (session, named: string, ranges: string[], options: RestrictOptions) => {
      const { mode, enforceAt, fromSources = false, days, ifVersion = '*' } = options;
      const given = fromSources ? null : await entriesGiven({ ...options, ranges });
      const user = await findSmtpUser(session, named);
      const entries =
        given ??
        (await entriesGiven({ ...options, ranges: [...ranges, ...(await suggestedRanges(session, user, days))] }));
      const body = { entries, mode, enforceAt };
      await run(session, user, { method: 'PUT', part: '/restriction', ifVersion, body, preview: body }, options);
    });

  const allow = withOptions(
    withEntries(command('allow', 'add addresses to the list; the first one restricts an unrestricted SMTP user')),
  )
    .examples(
      `${prefix} allow app@acme.example 198.51.100.7 --note "new office" --expires 7d`,
      `${prefix} allow app@acme.example 2001:db8:1::/48 --expires 2030-01-31T12:00:00Z`,
    )
    .runs(async (session, named: string, ranges: string[], options: EntryOptions) => {
      const entries = await entriesGiven({ ...options, ranges });
      const user = await findSmtpUser(session, named);
      const body = { entries };
      const preview = { add: entries };
      await run(session, user, { method: 'POST', part: '/restriction/entries', body, preview }, options);
    });

  const disallow = withOptions(
    command('disallow', 'remove an entry from the list; instead of removing the last one, use clear').argument(
      '<entry>',
      'its range, or its id',
    ),
  )
    .examples(`${prefix} disallow app@acme.example 198.51.100.7`, `${prefix} disallow app@acme.example 2001:db8::/64`)
    .runs(async (session, named: string, entry: string, options: WriteOptions) => {
      const user = await findSmtpUser(session, named);
      const { entries } = await session.api.get<Restriction>(`${user.path}/restriction`);
      const id = entryNamed(entry, entries, user.name);
      const preview = { remove: [id] };
      await run(session, user, { method: 'DELETE', part: `/restriction/entries/${id}`, preview }, options);
    });

  const mode = withOptions(
    withEnforceAt(
      command('mode', 'enforce the list, or only report what it would refuse').addArgument(
        new Argument('<mode>').choices(MODES),
      ),
    ),
  )
    .examples(
      `${prefix} mode app@acme.example enforce`,
      `${prefix} mode app@acme.example report-only --enforce-at 2030-01-31T12:00:00Z`,
    )
    .runs(async (session, named: string, mode: string, options: ModeOptions) => {
      const user = await findSmtpUser(session, named);
      const body = { mode, enforceAt: options.enforceAt };
      await run(session, user, { method: 'PUT', part: '/restriction/mode', body, preview: body }, options);
    });

  return [restrict, allow, disallow, mode];
}

/** Compares ranges, not spellings: `2001:DB8::/64` finds `2001:db8::/64`. */
function entryNamed(text: string, entries: readonly Entry[], name: string): string {
  // Postern checks whether the list has this id, because reads may be behind.
  if (isUuid(text.toLowerCase())) return text.toLowerCase();
  const range = parseRange(text);
  if (!range.ok) throw new Failure(EXIT.usage, range.detail);
  const entry = entries.find((candidate) => candidate.range === range.value.text);
  if (entry) return entry.id;
  const listed = entries.map((candidate) => candidate.range).slice(0, 10);
  const has =
    listed.length === 0 ? 'It has no entries.' : `It has ${listed.join(', ')}${entries.length > 10 ? ', …' : '.'}`;
  throw new Failure(EXIT.refused, `${name} has no entry ${range.value.text}. ${has}`);
}
