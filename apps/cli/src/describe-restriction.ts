import { type Output, printable, shortTime } from '@postern/terminal';
import type { Entry, Restriction, SmtpUser } from '@postern/restrictions';

export function state({ restricted, mode, enforceAt, entries }: Restriction): string {
  if (!restricted) return 'any';
  const live = entries.filter((entry) => entry.live).length;
  const listed = `${entries.length} listed${live < entries.length ? `, ${entries.length - live} expired` : ''}`;
  if (mode === 'enforce') return listed;
  return `${listed} (report-only${enforceAt === null ? '' : ` until ${shortTime(enforceAt)}`})`;
}

export function describeUser(user: SmtpUser, output: Output): string {
  return [
    `${printable(user.username)} (${user.id}), added ${shortTime(user.createdAt)}`,
    describeRestriction(user.username, user.restriction, output),
  ].join('\n');
}

export function describeRestriction(name: string, restriction: Restriction, output: Output): string {
  const { restricted, entries, version } = restriction;
  for (const warning of restriction.warnings) output.remark(`Warning: ${printable(warning.detail)}`);
  const sentence = `${meaning(name, restriction, output)} Version ${version}.`;
  if (!restricted) return `${printable(name)} ${sentence}`;
  return `${printable(name)} ${sentence}\n\n${output.table(ENTRY_COLUMNS, entries)}`;
}

function meaning(name: string, { restricted, mode, enforceAt, entries }: Restriction, output: Output): string {
  if (!restricted) return `is ${output.paint('yellow', 'not restricted')}: it may log in from any address.`;
  if (mode === 'report-only') {
    const until = enforceAt === null ? '' : `It is enforced from ${shortTime(enforceAt)}. `;
    return (
      `is restricted, mode ${output.paint('yellow', 'report-only')}: the list refuses nothing yet, ` +
      `it only records logins from other addresses. ${until}To enforce it now: postern mode ${printable(name)} enforce.`
    );
  }
  if (!entries.some(({ live }) => live)) {
    return `is restricted, mode enforce, and ${output.paint('red', 'has no live entry')}: every login is denied.`;
  }
  return `is ${output.paint('green', 'restricted')}, mode enforce: it may log in only from the addresses below.`;
}

const ENTRY_COLUMNS = [
  { title: 'RANGE', value: ({ range }: Entry) => range },
  { title: 'NOTE', value: ({ note }: Entry) => note ?? '-' },
  {
    title: 'EXPIRES',
    value: ({ expiresAt, live }: Entry) => `${shortTime(expiresAt)}${live ? '' : ' (expired)'}`,
  },
  { title: 'ADDED', value: ({ addedAt }: Entry) => shortTime(addedAt) },
  { title: 'BY', value: ({ addedBy }: Entry) => addedBy },
  { title: 'ID', value: ({ id }: Entry) => id },
];
