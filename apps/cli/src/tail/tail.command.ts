import { wholeNumber, examples, type Output, printable, shortTime } from '@postern/terminal';
import type { Denial, Page } from '@postern/contracts';
import { Command, InvalidArgumentError, Option } from 'commander';
import { outcome } from '../denials/denial-columns.js';
import { filterOptions, filterQuery, type DenialFilter } from '../denials/denial-filter.js';
import { duration } from '../input/time-text.js';
import { sessionOf, tenantPath } from '../session.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import { followDenials } from './follow-denials.js';

interface TailOptions extends DenialFilter {
  readonly last: number;
  readonly interval: number;
  readonly late: number;
}

/** Live denials. */
export function tailCommand(): Command {
  const command = new Command('tail')
    .description('show denials as they come in, until Ctrl-C')
    .argument('[user]', 'username or id; all of the tenant where left out')
    .option('--last <n>', 'begin with so many that are there already', wholeNumber(0, 1_000), 0)
    .addOption(period('--interval <duration>', 'how often to look', { least: '200ms', most: '1h', preset: '1s' }))
    .addOption(
      period('--late <duration>', 'show what a relay reports so long after it occurred', {
        least: '1m',
        most: '24h',
        preset: '15m',
      }),
    )
    .action(async (named: string | undefined, options: TailOptions, self: Command) => {
      const session = sessionOf(self);
      const { api, output } = session;
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const owner = named === undefined ? await tenantPath(session) : (await findSmtpUser(session, named)).path;
      const read = (from: string, cursor: string | undefined): Promise<Page<Denial>> =>
        api.get<Page<Denial>>(`${owner}/denials`, {
          query: { ...filterQuery(options), from, cursor, limit: 500 },
          signal: stop.signal,
        });
      await followDenials({
        read,
        intervalMs: options.interval,
        lateMs: options.late,
        last: options.last,
        show: (denial) => output.line(output.json ? JSON.stringify(denial) : oneLine(denial, output)),
        aside: (text) => output.aside(text),
        signal: stop.signal,
      }).catch((error: unknown) => {
        if (!stop.signal.aborted) throw error;
      });
    });
  return examples(
    filterOptions(command),
    'postern tail',
    'postern tail app@acme.example --last 10',
    "postern tail --json | jq -r '.ip'",
  );
}

function oneLine(denial: Denial, output: Output): string {
  const { occurredAt, username, ip, relay, reason, count } = denial;
  const word = output.paint(denial.refused ? 'red' : 'yellow', outcome(denial));
  const times = count === 1 ? '' : `  ${count} times`;
  return `${shortTime(occurredAt)}  ${word}  ${printable(username)}  ${printable(ip)}  ${printable(relay)}  ${reason}${times}`;
}

/** An option that takes a duration within bounds. */
function period(flags: string, description: string, bounds: { least: string; most: string; preset: string }): Option {
  const { least, most, preset } = bounds;
  return new Option(flags, `${description}, ${least} to ${most}`)
    .default(duration(preset), preset)
    .argParser((text) => {
      const ms = duration(text);
      if (ms < duration(least) || ms > duration(most)) throw new InvalidArgumentError(`Give ${least} to ${most}.`);
      return ms;
    });
}
