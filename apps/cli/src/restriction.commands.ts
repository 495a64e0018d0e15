import { type Output, printable, shortTime } from '@postern/terminal';
import { isUuid } from '@postern/contracts';
import { parseRange } from '@postern/ip-ranges';
import type { CheckedAddress, Entry, Restriction } from '@postern/restrictions';
import { Argument, Option } from 'commander';
import type { WriteMethod, WriteOptions } from './api.js';
import { ApiCommand, type Session } from './command.js';
import { confirm } from './confirm.js';
import { describeRestriction } from './describe-restriction.js';
import { entriesGiven, type EntriesGiven } from './entries.js';
import { EXIT, Failure } from './failure.js';
import { findSmtpUser, findSmtpUserThenOrNow, writeSmtpUser, type NamedSmtpUser } from './smtp-user.js';
import { timeAgo, timeAhead } from './time-text.js';

const MODES = ['enforce', 'report-only'];

type EntryOptions = WriteOptions & Omit<EntriesGiven, 'ranges'>;

function withEntries(command: ApiCommand): ApiCommand {
  return command
    .argument('<user>', 'username or id')
    .argument('[ranges...]', 'addresses and ranges, IPv4 or IPv6')
    .option('--note <text>', 'why they are on the list')
    .option('--expires <when>', 'until when: 7d from now, a day, or RFC 3339', (text) => timeAhead(text))
    .option('--from <file>', 'read ranges from a file, one a line, with a note after #; - is standard input')
    .writesUser();
}

interface ModeOptions {
  readonly enforceAt?: string;
}

const enforceAtOption = () =>
  new Option(
    '--enforce-at <when>',
    'end report-only then, without another command: 7d from now, a day, or RFC 3339',
  ).argParser((text) => timeAhead(text));

const restrict = withEntries(
  new ApiCommand('restrict')
    .description('let an SMTP user log in only from these addresses; replaces its list')
    .addOption(new Option('--mode <mode>', 'report-only records and lets through').choices(MODES))
    .addOption(enforceAtOption()),
)
  .examples(
    'postern restrict app@acme.example 203.0.113.0/24 2001:db8::/64',
    'postern restrict app@acme.example 203.0.113.0/24 --mode report-only --enforce-at 7d',
    'postern restrict app@acme.example --from ranges.txt --if-version 7',
  )
  .runs(async (session, named: string, ranges: string[], options: EntryOptions & ModeOptions & { mode?: string }) => {
    const { mode, enforceAt, ifVersion = '*' } = options;
    const body = { entries: await entriesGiven({ ranges, ...options }), mode, enforceAt };
    const user = await findSmtpUser(session, named);
    await writeRestriction(session, user, 'PUT', '/restriction', { ...options, ifVersion, body });
  });

const allow = withEntries(
  new ApiCommand('allow').description('add addresses to the list; the first one restricts an unrestricted SMTP user'),
)
  .examples(
    'postern allow app@acme.example 198.51.100.7 --note "new office" --expires 7d',
    'postern allow app@acme.example 2001:db8:1::/48 --expires 2030-01-31T12:00:00Z',
  )
  .runs(async (session, named: string, ranges: string[], options: EntryOptions) => {
    const body = { entries: await entriesGiven({ ranges, ...options }) };
    const user = await findSmtpUser(session, named);
    await writeRestriction(session, user, 'POST', '/restriction/entries', { ...options, body });
  });

const disallow = new ApiCommand('disallow')
  .description('remove an entry from the list; not the last one, see clear')
  .argument('<user>', 'username or id')
  .argument('<entry>', 'its range, or its id')
  .writesUser()
  .examples(
    'postern disallow app@acme.example 198.51.100.7',
    'postern disallow app@acme.example 2001:db8::/64 --if-version 7',
  )
  .runs(async (session, named: string, entry: string, options: WriteOptions) => {
    const user = await findSmtpUser(session, named);
    const { entries } = await session.api.get<Restriction>(`${user.path}/restriction`);
    const id = entryNamed(entry, entries, user.name);
    await writeRestriction(session, user, 'DELETE', `/restriction/entries/${id}`, options);
  });

const mode = new ApiCommand('mode')
  .description('enforce the list, or only report what it would refuse')
  .argument('<user>', 'username or id')
  .addArgument(new Argument('<mode>').choices(MODES))
  .addOption(enforceAtOption())
  .writesUser()
  .examples('postern mode app@acme.example report-only', 'postern mode app@acme.example report-only --enforce-at 7d')
  .runs(async (session, named: string, mode: string, options: WriteOptions & ModeOptions) => {
    const { enforceAt } = options;
    const user = await findSmtpUser(session, named);
    await writeRestriction(session, user, 'PUT', '/restriction/mode', { ...options, body: { mode, enforceAt } });
  });

const clear = new ApiCommand('clear')
  .description('remove the restriction: the SMTP user may log in from anywhere')
  .argument('<user>', 'username or id')
  .option('--yes', 'do not ask')
  .writesUser()
  .examples('postern clear app@acme.example --yes')
  .runs(async (session, named: string, options: WriteOptions & { yes?: boolean }) => {
    const user = await findSmtpUser(session, named);
    await confirm(`Let ${user.name} log in from any address?`, options);
    await writeRestriction(session, user, 'DELETE', '/restriction', options);
  });

const check = new ApiCommand('check')
  .description('whether a login from an address is let in, and why (exit code 0: it is, 1: not)')
  .argument('<user>', 'username or id')
  .argument('<ip>', 'the address it comes from')
  .option('--at <when>', 'with the list as it stood then: 2h ago, a day, or RFC 3339', (text) => timeAgo(text))
  .examples(
    'postern check app@acme.example 198.51.100.7',
    'postern check app@acme.example 198.51.100.7 --at 2026-11-01T00:00:00Z',
    'postern check app@acme.example 198.51.100.7 --json && echo "it gets in"',
  )
  .runs(async (session, named: string, ip: string, { at }: { at?: string }) => {
    const { path, name } = await findSmtpUserThenOrNow(session, named);
    const checked = await session.api.get<CheckedAddress>(`${path}/restriction/check`, { query: { ip, at } });
    session.output.answer(checked, () => explain(name, checked, session.output));
    if (checked.decision !== 'allow') process.exitCode = EXIT.no;
  });

export const restrictionCommands = [restrict, allow, disallow, mode, clear, check];

async function writeRestriction(
  session: Session,
  { path, name }: NamedSmtpUser,
  method: WriteMethod,
  part: string,
  options: WriteOptions,
): Promise<void> {
  const restriction = await writeSmtpUser<Restriction>(session, method, `${path}${part}`, options, () => path);
  session.output.answer(restriction, () => describeRestriction(name, restriction, session.output));
}

/** The entry's id, by the range and not its spelling: `2001:DB8::/64` finds `2001:db8::/64`. */
function entryNamed(text: string, entries: readonly Entry[], name: string): string {
  // Postern checks whether the list has it, because reads may be behind.
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

function explain(name: string, checked: CheckedAddress, output: Output): string {
  const { ip, at, decision, reason, mode, matched, version } = checked;
  const word = output.paint(decision === 'allow' ? 'green' : 'red', decision);
  const lines = [`${word}  ${printable(name)} from ${printable(ip)} at ${shortTime(at)}: ${reason}`];
  if (matched) {
    const note = matched.note === null ? '' : ` "${printable(matched.note)}"`;
    const until = matched.expiresAt === null ? '' : `, until ${shortTime(matched.expiresAt)}`;
    lines.push(`  matched ${matched.range}${note}, added by ${printable(matched.addedBy)}${until}`);
  }
  if (mode === 'report-only' && reason !== 'unrestricted' && reason !== 'entry-matched')
    lines.push('  report-only: it is recorded, and would be denied if the list were enforced');
  lines.push(`  mode ${mode}, version ${version}`);
  return lines.join('\n');
}
