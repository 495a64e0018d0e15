import type { Schema } from './schema.js';
import { wholeNumber, type Output, printable, shortTime } from '@postern/terminal';
import type { Page } from '@postern/contracts';
import type { Query } from './api.js';
import { ApiCommand } from './command.js';
import { followDenials } from './follow-denials.js';
import { findSmtpUser } from './smtp-user.js';

export const tail = new ApiCommand('tail')
  .description('show denials as they are recorded, until Ctrl-C')
  .argument('[user]', 'username or id; default: all users of the tenant')
  .option('--last <n>', 'show this many earlier denials first', wholeNumber(0, 500), 0)
  .examples('postern tail', 'postern tail app@acme.example --last 10', "postern tail --json | jq -r '.ip'")
  .runs(async (session, named: string | undefined, { last }: Query & { readonly last: number }) => {
    const { api, output } = session;
    const stop = new AbortController();
    const { signal } = stop;
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
    const owner = named === undefined ? await session.tenantPath() : (await findSmtpUser(session, named)).path;
    const earlier = new Set<string>();
    const show = (denial: Schema<'Denial'>) => {
      if (!earlier.has(denial.id)) output.line(output.json ? JSON.stringify(denial) : oneLine(denial, output));
    };
    await followDenials({
      open: (lastEventId, ends) =>
        api.stream(`${owner}/denials/stream`, {}, 'text/event-stream', {
          headers: lastEventId === null ? {} : { 'last-event-id': lastEventId },
          signal: ends,
        }),
      onOpen: async () => {
        if (last > 0) {
          const { items } = await api.get<Page<Schema<'Denial'>>>(`${owner}/denials`, {
            query: { limit: last },
            signal,
          });
          items.toReversed().forEach(show);
          // The stream was open before the list was read, so it may have these too.
          for (const { id } of items) earlier.add(id);
        }
        output.remark('Waiting for denials. Ctrl-C ends it.');
      },
      show,
      remark: (text) => output.remark(text),
      signal,
    });
  });

export function outcome({ refused }: Schema<'Denial'>): string {
  return refused ? 'denied' : 'let through';
}

function oneLine(denial: Schema<'Denial'>, output: Output): string {
  const { occurredAt, username, ip, relay, reason, count } = denial;
  const word = output.paint(denial.refused ? 'red' : 'yellow', outcome(denial));
  const times = count === 1 ? '' : `  ${count} times`;
  return `${shortTime(occurredAt)}  ${word}  ${printable(username)}  ${printable(ip)}  ${printable(relay)}  ${reason}${times}`;
}
