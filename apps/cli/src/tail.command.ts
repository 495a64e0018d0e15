import { wholeNumber, type Output, printable, shortTime } from '@postern/terminal';
import type { Denial, Page } from '@postern/contracts';
import { InvalidArgumentError, Option } from 'commander';
import type { Query } from './api.js';
import { ApiCommand } from './command.js';
import { followDenials } from './follow-denials.js';
import { findSmtpUser } from './smtp-user.js';
import { duration } from './time-text.js';

/** All but these are filters, and named as the API's. */
interface TailOptions extends Query {
  readonly last: number;
  readonly interval: number;
  readonly late: number;
}

export const tail = new ApiCommand('tail')
  .description('show denials as they come in, until Ctrl-C')
  .argument('[user]', 'username or id; all of the tenant where left out')
  .option('--last <n>', 'begin with so many that are there already', wholeNumber(0, 1_000), 0)
  .addOption(period('--interval <duration>', 'how often to look', '200ms', '1h', '1s'))
  .addOption(period('--late <duration>', 'show what a relay reports so long after it occurred', '1m', '24h', '15m'))
  .denialFilters()
  .examples('postern tail', 'postern tail app@acme.example --last 10', "postern tail --json | jq -r '.ip'")
  .runs(async (session, named: string | undefined, { last, interval, late, ...filters }: TailOptions) => {
    const { api, output } = session;
    const stop = new AbortController();
    const { signal } = stop;
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
    const owner = named === undefined ? await session.tenantPath() : (await findSmtpUser(session, named)).path;
    await followDenials({
      read: (from, cursor) =>
        api.get<Page<Denial>>(`${owner}/denials`, { query: { ...filters, from, cursor, limit: 500 }, signal }),
      intervalMs: interval,
      lateMs: late,
      last,
      show: (denial) => output.line(output.json ? JSON.stringify(denial) : oneLine(denial, output)),
      aside: (text) => output.aside(text),
      signal,
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  });

/** `let through` is what report-only does. */
export function outcome({ refused }: Denial): string {
  return refused ? 'denied' : 'let through';
}

function oneLine(denial: Denial, output: Output): string {
  const { occurredAt, username, ip, relay, reason, count } = denial;
  const word = output.paint(denial.refused ? 'red' : 'yellow', outcome(denial));
  const times = count === 1 ? '' : `  ${count} times`;
  return `${shortTime(occurredAt)}  ${word}  ${printable(username)}  ${printable(ip)}  ${printable(relay)}  ${reason}${times}`;
}

/** An option that takes a duration within bounds. */
function period(flags: string, description: string, least: string, most: string, preset: string): Option {
  return new Option(flags, `${description}, ${least} to ${most}`)
    .default(duration(preset), preset)
    .argParser((text) => {
      const ms = duration(text);
      if (ms < duration(least) || ms > duration(most)) throw new InvalidArgumentError(`Give ${least} to ${most}.`);
      return ms;
    });
}
