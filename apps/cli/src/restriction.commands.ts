import type { Schema } from './schema.js';
import { type Output, printable, shortTime } from '@postern/terminal';
import type { Restriction } from '@postern/restrictions';
import type { WriteOptions } from './api.js';
import { ApiCommand, type Session } from './command.js';
import { canAsk, confirm } from './confirm.js';
import { describeRestriction } from './describe-restriction.js';
import { EXIT, RequestRefused, lockedOutLines } from './failure.js';
import { changeCommands, type RestrictionChange } from './restriction-changes.js';
import { findSmtpUser, findSmtpUserThenOrNow, writeSmtpUser, type NamedSmtpUser } from './smtp-user.js';
import { timeAgo } from './time-text.js';

const changes = changeCommands({
  prefix: 'postern',
  options: (command) =>
    (command.name() === 'restrict' ? command.days('with --from-sources: the period of the logins in days') : command)
      .writesUser()
      .guards(),
  run: (session, user, change, options) => writeRestriction(session, user, { ...options, ...change }),
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
    await writeRestriction(session, user, { ...options, method: 'DELETE', part: '/restriction' });
  });

const check = new ApiCommand('check')
  .description('show whether a login from an address is allowed, and why (exit code 0: allowed, 1: not)')
  .argument('<user>', 'username or id, also of a removed user')
  .argument('<ip>', 'the source address')
  .option('--at <when>', 'decide with the list of this time: 2h (ago), a day, or RFC 3339', (text) => timeAgo(text))
  .examples(
    'postern check app@acme.example 198.51.100.7',
    'postern check app@acme.example 198.51.100.7 --at 2026-11-01T00:00:00Z',
    'postern check app@acme.example 198.51.100.7 --json && echo "allowed"',
  )
  .runs(async (session, named: string, ip: string, { at }: { at?: string }) => {
    const { path, name } = await findSmtpUserThenOrNow(session, named);
    const checked = await session.api.get<Schema<'CheckedAddress'>>(`${path}/restriction/check`, { query: { ip, at } });
    session.output.answer(checked, () => explain(name, checked, session.output));
    if (checked.decision !== 'allow') process.exitCode = EXIT.no;
  });

export const restrictionCommands = [...changes, clear, check];

/** If the guard refuses, asks the person at the terminal. */
async function writeRestriction(
  session: Session,
  { path, name }: NamedSmtpUser,
  { method, part, ...options }: Omit<RestrictionChange, 'preview'>,
): Promise<void> {
  let write: WriteOptions = options;
  for (;;) {
    try {
      const restriction = await writeSmtpUser<Restriction>(session, method, `${path}${part}`, write, () => path);
      return session.output.answer(restriction, () => describeRestriction(name, restriction, session.output));
    } catch (error) {
      write = { ...options, accept: await acceptedLockout(session, error) };
    }
  }
}

/** Returns the digest of the addresses that the guard named, if the person accepts that they are refused. */
async function acceptedLockout({ output }: Session, error: unknown): Promise<string> {
  if (!(error instanceof RequestRefused) || error.problem.accept === undefined || output.json || !canAsk()) throw error;
  const { accept, title = '' } = error.problem;
  await confirm([`${printable(title)}:`, ...lockedOutLines(error.problem), 'Refuse them from now on?'].join('\n'), {});
  return accept;
}

function explain(name: string, checked: Schema<'CheckedAddress'>, output: Output): string {
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
