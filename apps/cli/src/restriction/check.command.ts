import { examples, type Output, printable, shortTime } from '@postern/terminal';
import type { CheckedAddress } from '@postern/restrictions';
import { Command } from 'commander';
import { EXIT } from '../exit-codes.js';
import { timeAgo } from '../input/time-text.js';
import { sessionOf } from '../session.js';
import { findSmtpUserThenOrNow } from '../smtp-user/find-smtp-user.js';

/** Would it be let in? */
export function checkCommand(): Command {
  const command = new Command('check')
    .description('whether a login from an address is let in, and why (exit code 0: it is, 1: not)')
    .argument('<user>', 'username or id')
    .argument('<ip>', 'the address it comes from')
    .option('--at <when>', 'with the list as it stood then: 2h ago, a day, or RFC 3339', (text) => timeAgo(text))
    .action(async (named: string, ip: string, options: { at?: string }, self: Command) => {
      const session = sessionOf(self);
      const user = await findSmtpUserThenOrNow(session, named);
      const query = { ip, at: options.at };
      const checked = await session.api.get<CheckedAddress>(`${user.path}/restriction/check`, { query });
      session.output.answer(checked, () => explain(user.name, checked, session.output));
      if (checked.decision !== 'allow') process.exitCode = EXIT.no;
    });
  return examples(
    command,
    'postern check app@acme.example 198.51.100.7',
    'postern check app@acme.example 198.51.100.7 --at 2026-11-01T00:00:00Z',
    'postern check app@acme.example 198.51.100.7 --json && echo "it gets in"',
  );
}

function explain(
  name: string,
  { ip, at, decision, reason, mode, matched, version }: CheckedAddress,
  output: Output,
): string {
  const word = output.paint(decision === 'allow' ? 'green' : 'red', decision);
  const lines = [`${word}  ${printable(name)} from ${printable(ip)} at ${shortTime(at)}: ${reason}`];
  if (matched) {
    const note = matched.note === null ? '' : ` "${printable(matched.note)}"`;
    const until = matched.expiresAt === null ? '' : `, until ${shortTime(matched.expiresAt)}`;
    lines.push(`  matched ${matched.range}${note}, added by ${printable(matched.addedBy)}${until}`);
  }
  if (mode === 'report-only' && reason !== 'unrestricted' && reason !== 'entry-matched') {
    lines.push('  report-only: it is recorded, and would be denied if the list were enforced');
  }
  lines.push(`  mode ${mode}, version ${version}`);
  return lines.join('\n');
}
