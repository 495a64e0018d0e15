import type { Schema } from './schema.js';
import { shortTime, type Column } from '@postern/terminal';
import { whatChanged } from '@postern/contracts';
import { ApiCommand } from './command.js';
import { showList, type ListOptions } from './list.js';
import { findSmtpUserThenOrNow } from './smtp-user.js';
import { outcome, tail } from './tail.command.js';

const denials = new ApiCommand('denials')
  .description('denied logins of the tenant or of one SMTP user, the newest first')
  .argument('[user]', 'username or id, also of a removed user; default: all users of the tenant')
  .denialFilters()
  .period()
  .exports()
  .examples(
    'postern denials app@acme.example --from 24h',
    'postern denials --ip 198.51.100.0/24 --reason ip-not-authorized',
    'postern denials --from 2026-11-01 --to 2026-12-01 --csv > november.csv',
  )
  .runs(async (session, named: string | undefined, options: ListOptions) => {
    const owner = named === undefined ? await session.tenantPath() : (await findSmtpUserThenOrNow(session, named)).path;
    await showList<Schema<'Denial'>>(session, `${owner}/denials`, options, [
      { title: 'WHEN', value: ({ occurredAt }) => shortTime(occurredAt) },
      { title: 'USER', value: ({ username }) => username },
      { title: 'IP', value: ({ ip }) => ip },
      { title: 'RELAY', value: ({ relay }) => relay },
      { title: 'REASON', value: ({ reason }) => reason },
      { title: 'OUTCOME', value: outcome },
      { title: 'COUNT', value: ({ count }) => String(count) },
    ]);
  });

const deniedIps = new ApiCommand('denied-ips')
  .description('the addresses from which an SMTP user was denied, the latest first, with suggested entries')
  .argument('<user>', 'username or id, also of a removed user')
  .period('denied')
  .exports()
  .examples('postern denied-ips app@acme.example')
  .runs(async (session, named: string, options: ListOptions) => {
    const { path } = await findSmtpUserThenOrNow(session, named);
    await showList<Schema<'DeniedIp'>>(session, `${path}/denied-ips`, options, [
      { title: 'IP', value: ({ ip }) => ip },
      { title: 'COUNT', value: ({ count }) => String(count) },
      { title: 'FIRST', value: ({ firstDeniedAt }) => shortTime(firstDeniedAt) },
      { title: 'LAST', value: ({ lastDeniedAt }) => shortTime(lastDeniedAt) },
      { title: 'NOW', value: ({ stillDenied }) => (stillDenied ? 'denied' : 'not denied') },
      { title: 'RELAYS', value: ({ relays }) => relays.join(', ') },
      { title: 'REASONS', value: ({ reasons }) => reasons.join(', ') },
      {
        title: 'COULD ALLOW',
        value: ({ suggestedEntries: could }) => could.map(({ range }) => range).join(', ') || '-',
      },
      { title: 'NOTE', value: ({ looksLikeProxy: is }) => (is ? 'looks like your own proxy or NAT' : '') },
    ]);
  });

const CHANGE_COLUMNS: readonly Column<Schema<'Change'>>[] = [
  { title: 'WHEN', value: ({ occurredAt }) => shortTime(occurredAt) },
  { title: 'USER', value: ({ username }) => username ?? '-' },
  { title: 'VERSION', value: ({ version }) => String(version) },
  { title: 'CHANGE', value: whatChanged },
  { title: 'BY', value: ({ actor }) => `${actor.name} (${actor.role})` },
  { title: 'KEY', value: ({ actor }) => actor.keyId },
  { title: 'REQUEST', value: ({ requestId }) => requestId },
];

const history = new ApiCommand('history')
  .description('the changes of an SMTP user, the newest first: who, with which key, in which request')
  .argument('<user>', 'username or id, also of a removed user')
  .period()
  .option('--actor <key>', 'made with the key of this id or name')
  .exports()
  .examples('postern history app@acme.example', 'postern history app@acme.example --json --limit 500')
  .runs(async (session, named: string, options: ListOptions) => {
    const { path } = await findSmtpUserThenOrNow(session, named);
    await showList(session, `${path}/history`, options, CHANGE_COLUMNS);
  });

const changes = new ApiCommand('changes')
  .description('the changes of the tenant, the newest first: who, with which key, in which request')
  .period()
  .option('--actor <key>', 'made with the key of this id or name')
  .option('--username <name>', 'of the SMTP users that have or had this username')
  .exports()
  .examples('postern changes --limit 200', 'postern changes --username app@acme.example')
  .runs(async (session, options: ListOptions) =>
    showList(session, `${await session.tenantPath()}/changes`, options, CHANGE_COLUMNS),
  );

export const auditCommands = [denials, deniedIps, tail, history, changes];
