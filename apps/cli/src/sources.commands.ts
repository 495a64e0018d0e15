import type { Schema } from './schema.js';
import { counted, printable, shortTime, wholeNumber, type Column, type Output } from '@postern/terminal';
import { Option } from 'commander';
import { ApiCommand, type Session } from './command.js';
import { EXIT, Failure } from './failure.js';
import { showList, type ListOptions } from './list.js';
import { findSmtpUser, type NamedSmtpUser } from './smtp-user.js';

const sources = new ApiCommand('sources')
  .description('the addresses from which an SMTP user logged in, the latest first, and the decision for each now')
  .argument('<user>', 'username or id')
  .option('--ip <range>', 'from this address or range')
  .addOption(new Option('--decision <decision>', 'with this decision now').choices(['allow', 'deny']))
  .period('logged in')
  .exports()
  .examples('postern sources app@acme.example', 'postern sources app@acme.example --decision deny --from 30d')
  .runs(async (session, named: string, options: ListOptions) => {
    const { path } = await findSmtpUser(session, named);
    await showList<Schema<'Source'>>(session, `${path}/sources`, options, [
      { title: 'IP', value: ({ ip }) => ip },
      { title: 'LOGINS', value: ({ logins }) => String(logins) },
      { title: 'FIRST', value: ({ firstSeenAt }) => shortTime(firstSeenAt) },
      { title: 'LAST', value: ({ lastSeenAt }) => shortTime(lastSeenAt) },
      { title: 'NOW', value: ({ decision }) => decision },
      { title: 'BECAUSE', value: ({ matched, reason }) => matched?.range ?? reason },
      { title: 'RELAYS', value: ({ relays }) => relays.join(', ') },
    ]);
  });

const suggest = new ApiCommand('suggest')
  .description(
    'a short list that covers the usual addresses of an SMTP user’s logins, and the rare ones that it leaves out',
  )
  .argument('<user>', 'username or id')
  .days()
  .examples('postern suggest app@acme.example', 'postern suggest app@acme.example --days 90')
  .runs(async (session, named: string, { days }: { days: number }) => {
    const suggestion = await suggestionFor(session, await findSmtpUser(session, named), days);
    session.output.answer(suggestion, () => describeSuggestion(suggestion, days, session.output));
  });

const entries = new ApiCommand('entries')
  .description('the entries of all SMTP users or of one, and when each last allowed a login')
  .argument('[user]', 'username or id; default: all users of the tenant')
  .addOption(
    new Option(
      '--unused-for <days>',
      'only entries that are at least this many days old and allowed no login in that time, 1 to 90',
    ).argParser(wholeNumber(1, 90)),
  )
  .exports()
  .examples('postern entries --unused-for 90', 'postern entries app@acme.example')
  .runs(async (session, named: string | undefined, { unusedFor, ...options }: ListOptions & { unusedFor?: number }) => {
    const user = named === undefined ? undefined : await findSmtpUser(session, named);
    const query = { ...options, unusedForDays: unusedFor, smtpUserId: user?.path.split('/').at(-1) };
    const columns: readonly Column<Schema<'UsedEntry'>>[] = [
      { title: 'USER', value: ({ username }) => username },
      { title: 'RANGE', value: ({ entry }) => entry.range },
      { title: 'NOTE', value: ({ entry }) => entry.note ?? '-' },
      { title: 'ADDED', value: ({ entry }) => shortTime(entry.addedAt) },
      { title: 'LAST LOGIN', value: ({ lastMatchedAt }) => shortTime(lastMatchedAt) },
      { title: 'IN 30 DAYS', value: ({ logins30d }) => String(logins30d) },
      { title: 'EXPIRES', value: ({ entry }) => shortTime(entry.expiresAt) },
      { title: 'ID', value: ({ entry }) => entry.id },
    ];
    await showList<Schema<'UsedEntry'>, Schema<'UsedEntryPage'>>(
      session,
      `${await session.tenantPath()}/entries`,
      query,
      columns,
      (page) => {
        for (const line of coverageLines({ ...page, notKept: 0 })) session.output.remark(line);
        const reportedFor = page.since === null ? 0 : Date.now() - Date.parse(page.since);
        if (unusedFor !== undefined && reportedFor < unusedFor * 86_400_000)
          session.output.remark(`Nothing is listed until relays have reported for ${counted(unusedFor, 'day')}.`);
      },
    );
  });

export const sourcesCommands = [sources, suggest, entries];

/** Prints what the suggestion leaves out. @throws a failure if there were no logins. */
export async function suggestedRanges(session: Session, user: NamedSmtpUser, days: number): Promise<string[]> {
  const { ranges, leftAddresses, leftLogins } = await suggestionFor(session, user, days);
  if (ranges.length === 0)
    throw new Failure(
      EXIT.refused,
      `No relay has reported a login of ${user.name} in ${counted(days, 'day')}. Name the ranges, or look back further with --days.`,
    );
  if (leftAddresses > 0)
    session.output.remark(`${leftOut(leftAddresses, leftLogins)}; \`postern suggest\` shows more.`);
  return ranges.map(({ range }) => range);
}

function suggestionFor(
  { api }: Session,
  { path }: NamedSmtpUser,
  days: number,
): Promise<Schema<'SuggestedRestriction'>> {
  return api.get<Schema<'SuggestedRestriction'>>(`${path}/restriction/suggestion`, { query: { days } });
}

function describeSuggestion(suggestion: Schema<'SuggestedRestriction'>, days: number, output: Output): string {
  const { ranges, left, leftAddresses, leftLogins, logins } = suggestion;
  const lines = [`${counted(logins, 'login')} in ${counted(days, 'day')}.`];
  if (ranges.length > 0) lines.push('', output.table(SUGGESTED_COLUMNS, ranges));
  if (leftAddresses > 0) lines.push('', `${leftOut(leftAddresses, leftLogins)}.`);
  lines.push(...left.map((address) => `  ${printable(address.ip)}: ${counted(address.logins, 'login')}`));
  if (left.length < leftAddresses) lines.push(`  … and ${leftAddresses - left.length} more`);
  return [...lines, '', ...coverageLines(suggestion)].join('\n');
}

function leftOut(addresses: number, logins: number): string {
  return `Left out: ${counted(addresses, 'address', 'addresses')} with ${counted(logins, 'login')}`;
}

const SUGGESTED_COLUMNS: readonly Column<Schema<'SuggestedRange'>>[] = [
  { title: 'RANGE', value: ({ range }) => range },
  { title: 'LOGINS', value: ({ logins }) => String(logins) },
  { title: 'SHARE', value: ({ share }) => `${(share * 100).toFixed(1)} %` },
  { title: 'ADDRESSES', value: ({ addresses }) => String(addresses) },
  { title: 'WHY', value: ({ why }) => why },
];

export function coverageLines({
  since,
  silentRelays,
  notKept,
}: Pick<Schema<'SuggestedRestriction'>, 'since' | 'silentRelays' | 'notKept'>): string[] {
  const lines = [
    since === null ? 'No relay has reported logins yet.' : `Relays have reported logins since ${shortTime(since)}.`,
  ];
  if (silentRelays.length > 0)
    lines.push(`Logins at these relays are not known: ${printable(silentRelays.join(', '))}.`);
  if (notKept > 0)
    lines.push(`${counted(notKept, 'more login')} came from addresses beyond the 10,000 that are kept per day.`);
  return lines;
}
