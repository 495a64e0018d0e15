import { examples, shortTime } from '@postern/terminal';
import type { DeniedIp } from '@postern/contracts';
import { Command } from 'commander';
import { timeAgo } from '../input/time-text.js';
import { showList } from '../list/show-list.js';
import { listOptions, type ListOptions } from '../options.js';
import { sessionOf } from '../session.js';
import { findSmtpUserThenOrNow } from '../smtp-user/find-smtp-user.js';

/** From where an SMTP user was denied, and what could be allowed. */
export function deniedIpsCommand(): Command {
  const command = new Command('denied-ips')
    .description('from where an SMTP user was denied, the latest first, and what could be allowed')
    .argument('<user>', 'username or id, also of one that was removed')
    .action(
      async (named: string, options: ListOptions & { readonly from?: string; readonly to?: string }, self: Command) => {
        const session = sessionOf(self);
        const { path } = await findSmtpUserThenOrNow(session, named);
        await showList<DeniedIp>(
          session,
          { path: `${path}/denied-ips`, query: { from: options.from, to: options.to }, columns: COLUMNS },
          options,
        );
      },
    );
  return examples(
    listOptions(
      command
        .option('--from <when>', 'denied then or later: 2h ago, a day, or RFC 3339', (text) => timeAgo(text))
        .option('--to <when>', 'denied before then', (text) => timeAgo(text)),
    ),
    'postern denied-ips app@acme.example',
  );
}

const COLUMNS = [
  { title: 'IP', value: ({ ip }: DeniedIp) => ip },
  { title: 'COUNT', value: ({ count }: DeniedIp) => String(count) },
  { title: 'FIRST', value: ({ firstDeniedAt }: DeniedIp) => shortTime(firstDeniedAt) },
  { title: 'LAST', value: ({ lastDeniedAt }: DeniedIp) => shortTime(lastDeniedAt) },
  { title: 'NOW', value: ({ stillDenied }: DeniedIp) => (stillDenied ? 'denied' : 'not denied') },
  { title: 'RELAYS', value: ({ relays }: DeniedIp) => relays.join(', '), wraps: true as const },
  { title: 'REASONS', value: ({ reasons }: DeniedIp) => reasons.join(', '), wraps: true as const },
  {
    title: 'COULD ALLOW',
    value: ({ suggestedEntries }: DeniedIp) => suggestedEntries.map(({ range }) => range).join(', ') || '-',
  },
  {
    title: 'NOTE',
    value: ({ looksLikeProxy }: DeniedIp) => (looksLikeProxy ? 'looks like your own proxy or NAT' : ''),
    wraps: true as const,
  },
];
