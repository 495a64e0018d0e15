import { examples, shortTime } from '@postern/terminal';
import type { ApiKey } from '@postern/contracts';
import { Argument, Command } from 'commander';
import { segment } from '../connection/postern-api.js';
import { confirm } from '../input/confirm.js';
import { pageOptions, writeOptions, type PageOptions, type WriteOptions } from '../options.js';
import { showList } from '../list/show-list.js';
import { sessionOf, tenantPath, type Session } from '../session.js';
import { issueKey } from './issue-key.js';

export function keysCommand(): Command {
  return new Command('keys')
    .description('API keys: of a tenant (admin, auditor), or of none (operator, relay)')
    .addCommand(issue())
    .addCommand(list())
    .addCommand(revoke());
}

interface IssueOptions extends WriteOptions {
  readonly name: string;
  readonly save?: string;
}

function issue(): Command {
  const command = new Command('issue')
    .description('issue a key; it is shown this once')
    .addArgument(
      new Argument('<role>', 'admin and auditor for the tenant; operator and relay for all').choices([
        'admin',
        'auditor',
        'operator',
        'relay',
      ]),
    )
    .requiredOption('--name <name>', 'who or what uses it; changes carry it')
    .option('--save <file>', 'write it to a new file that you alone can read, instead of showing it')
    .action(async (role: ApiKey['role'], options: IssueOptions, self: Command) => {
      const session = sessionOf(self);
      const global = role === 'operator' || role === 'relay';
      await issueKey(session, await keysPath(session, global), { role, ...options });
    });
  return examples(
    writeOptions(command),
    'postern keys issue admin --tenant acme --name "platform team" --save acme.key',
    'postern keys issue relay --name mx1 --save mx1.key',
  );
}

function list(): Command {
  const command = new Command('list')
    .description('keys of the tenant, the newest first; never the secrets')
    .option('--global', 'those that belong to no tenant: operator and relay keys')
    .action(async (options: PageOptions & { global?: boolean }, self: Command) => {
      const session = sessionOf(self);
      await showList<ApiKey>(
        session,
        { path: await keysPath(session, options.global ?? false), columns: COLUMNS },
        options,
      );
    });
  return examples(pageOptions(command), 'postern keys list --tenant acme', 'postern keys list --global');
}

const COLUMNS = [
  { title: 'ID', value: ({ id }: ApiKey) => id },
  { title: 'ROLE', value: ({ role }: ApiKey) => role },
  { title: 'NAME', value: ({ name }: ApiKey) => name, wraps: true as const },
  { title: 'CREATED', value: ({ createdAt }: ApiKey) => shortTime(createdAt) },
  { title: 'LAST USED', value: ({ lastUsedAt }: ApiKey) => shortTime(lastUsedAt) },
  { title: 'REVOKED', value: ({ revokedAt }: ApiKey) => shortTime(revokedAt) },
];

function revoke(): Command {
  const command = new Command('revoke')
    .description('revoke a key: within a second it opens nothing any more, and a relay’s stream ends')
    .argument('<id>', 'the id of the key, as `keys list` shows it')
    .option('--global', 'it belongs to no tenant: an operator or relay key')
    .option('--yes', 'do not ask')
    .action(async (id: string, options: WriteOptions & { global?: boolean; yes?: boolean }, self: Command) => {
      const session = sessionOf(self);
      const path = `${await keysPath(session, options.global ?? false)}/${segment(id)}`;
      await confirm(`Revoke the key ${id}? Whatever uses it is locked out.`, options.yes ?? false);
      await session.api.write('DELETE', path, { idempotencyKey: options.idempotencyKey });
      session.output.aside(`Revoked ${id}.`);
    });
  return examples(
    writeOptions(command),
    'postern keys revoke 01a20ae6-f24f-7793-ac66-e5da32839d9c --tenant acme',
    'postern keys revoke 01a20ae6-f24f-7793-ac66-e5da32839d9c --global --yes',
  );
}

async function keysPath(session: Session, global: boolean): Promise<string> {
  return global ? '/v1/api-keys' : `${await tenantPath(session)}/api-keys`;
}
