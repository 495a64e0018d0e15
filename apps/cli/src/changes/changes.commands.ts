import { examples, shortTime } from '@postern/terminal';
import { whatChanged, type Change } from '@postern/contracts';
import { Command } from 'commander';
import { periodOptions } from '../denials/denial-filter.js';
import type { Query } from '../connection/postern-api.js';
import { showList } from '../list/show-list.js';
import { listOptions, type ListOptions } from '../options.js';
import { sessionOf, tenantPath } from '../session.js';
import { findSmtpUserThenOrNow } from '../smtp-user/find-smtp-user.js';

/** Who changed what of one SMTP user. */
export function historyCommand(): Command {
  const command = new Command('history')
    .description('who changed what of an SMTP user, with which key and request, the newest first')
    .argument('<user>', 'username or id, also of one that was removed')
    .action(async (named: string, options: ChangesOptions, self: Command) => {
      const session = sessionOf(self);
      await showList<Change>(
        session,
        {
          path: `${(await findSmtpUserThenOrNow(session, named)).path}/history`,
          query: filterQuery(options),
          columns: COLUMNS,
        },
        options,
      );
    });
  return examples(
    filtered(command),
    'postern history app@acme.example',
    'postern history app@acme.example --json --limit 500',
  );
}

/** Who changed what of the tenant. */
export function changesCommand(): Command {
  const command = new Command('changes')
    .description('who changed what of the tenant, with which key and request, the newest first')
    .action(async (options: ChangesOptions, self: Command) => {
      const session = sessionOf(self);
      await showList<Change>(
        session,
        { path: `${await tenantPath(session)}/changes`, query: filterQuery(options), columns: COLUMNS },
        options,
      );
    });
  return examples(filtered(command), 'postern changes --limit 200');
}

interface ChangesOptions extends ListOptions {
  readonly from?: string;
  readonly to?: string;
  readonly actor?: string;
}

function filtered(command: Command): Command {
  return listOptions(periodOptions(command).option('--actor <key>', 'by the key of this id or name'));
}

function filterQuery({ from, to, actor }: ChangesOptions): Query {
  return { from, to, actor };
}

const COLUMNS = [
  { title: 'WHEN', value: ({ occurredAt }: Change) => shortTime(occurredAt) },
  { title: 'USER', value: ({ username }: Change) => username ?? '-' },
  { title: 'VERSION', value: ({ version }: Change) => String(version) },
  { title: 'CHANGE', value: (change: Change) => whatChanged(change), wraps: true as const },
  { title: 'BY', value: ({ actor }: Change) => `${actor.name} (${actor.role})`, wraps: true as const },
  { title: 'KEY', value: ({ actor }: Change) => actor.keyId },
  { title: 'REQUEST', value: ({ requestId }: Change) => requestId },
];
