import type { Schema } from './schema.js';
import { open, rm } from 'node:fs/promises';
import { printable, shortTime } from '@postern/terminal';
import { DEFAULT_TENANT_REPLY, replyOf, type TenantReply } from '@postern/contracts';
import { Argument, Option } from 'commander';
import { segment, type WriteOptions } from './api.js';
import { ApiCommand, type Session } from './command.js';
import { confirm } from './confirm.js';
import { usageFailure } from './failure.js';
import { showList, type ListOptions } from './list.js';

export const tenantsCommand = new ApiCommand('tenants')
  .description('customer accounts, which cannot see each other')
  .addCommand(
    new ApiCommand('create')
      .description('create a tenant (operator key)')
      .argument('<id>', '1 to 63 characters of a-z, 0-9 and -; the first is not -')
      .option('--name <name>', 'its name for people (default: its id)')
      .writes()
      .examples('postern tenants create acme --name "Acme Ltd"')
      .runs(async ({ api, output }, id: string, { name = id, ...options }: WriteOptions & { name?: string }) => {
        const { body } = await api.write<Schema<'Tenant'>>('POST', '/v1/tenants', { ...options, body: { id, name } });
        output.answer(body, () => `Created the tenant ${body.id} (${printable(body.name)}).`);
      }),
  )
  .addCommand(
    new ApiCommand('list')
      .description('all tenants, by id (operator key)')
      .lists()
      .examples('postern tenants list')
      .runs((session, options: ListOptions) =>
        showList<Schema<'Tenant'>>(session, '/v1/tenants', options, [
          { title: 'ID', value: ({ id }) => id },
          { title: 'NAME', value: ({ name }) => name },
          { title: 'CREATED', value: ({ createdAt }) => shortTime(createdAt) },
        ]),
      ),
  )
  .addCommand(
    new ApiCommand('reply')
      .description(
        'show what relays say to the client of a denied login; with options, replace it: those that you leave out get their default (admin key)',
      )
      .option('--text <text>', 'one line; {ip} is replaced by the address of the client')
      .option('--help-url <url>', 'a page that says what to do; its link follows the text')
      .option('--opaque', 'answer exactly as to a wrong password; only the audit trail has the reason')
      .addOption(new Option('--default', 'go back to the default reply').conflicts(['text', 'helpUrl', 'opaque']))
      .writes()
      .examples(
        'postern tenants reply --tenant acme',
        'postern tenants reply --text "{ip} is not on your list" --help-url https://acme.example/smtp',
        'postern tenants reply --opaque',
        'postern tenants reply --default',
      )
      .runs(tenantReply),
  );

interface ReplyOptions extends WriteOptions, Partial<Omit<TenantReply, 'helpUrl'>> {
  readonly helpUrl?: string;
  readonly default?: boolean;
}

async function tenantReply(session: Session, options: ReplyOptions): Promise<void> {
  const { text, helpUrl, opaque, default: reset, ...write } = options;
  const { api, output } = session;
  const path = `${await session.tenantPath()}/reply`;
  const isGiven = [text, helpUrl, opaque, reset].some((option) => option !== undefined);
  const given = {
    ...DEFAULT_TENANT_REPLY,
    ...(text !== undefined && { text }),
    ...(helpUrl !== undefined && { helpUrl }),
    ...(opaque && { opaque }),
  };
  const reply = isGiven
    ? (await api.write<TenantReply>('PUT', path, { ...write, body: given })).body
    : await api.get<TenantReply>(path);
  output.answer(reply, () => {
    const said = replyOf('deny', '{ip}', reply);
    return `A denied login is answered: ${said?.code} ${said?.enhanced} ${printable(said?.text ?? '')}`;
  });
}

export const keysCommand = new ApiCommand('keys')
  .description('API keys: of a tenant (admin, auditor), or of none (operator, relay)')
  .addCommand(
    new ApiCommand('issue')
      .description('issue a key; it is shown only once')
      .addArgument(
        new Argument('<role>', 'admin and auditor for the tenant; operator and relay for all').choices([
          'admin',
          'auditor',
          'operator',
          'relay',
        ]),
      )
      .requiredOption('--name <name>', 'who or what uses it; histories show it')
      .option('--save <file>', 'write it to a new file that only you can read, instead of showing it')
      .writes()
      .examples(
        'postern keys issue admin --tenant acme --name "platform team" --save acme.key',
        'postern keys issue relay --name mx1 --save mx1.key',
      )
      .runs(issueKey),
  )
  .addCommand(
    new ApiCommand('list')
      .description('keys of the tenant without their secrets, the newest first')
      .option('--global', 'those that belong to no tenant: operator and relay keys')
      .lists()
      .examples('postern keys list --tenant acme', 'postern keys list --global')
      .runs(async (session, { global, ...options }: ListOptions) =>
        showList<Schema<'ApiKey'>>(session, await keysPath(session, global === true), options, [
          { title: 'ID', value: ({ id }) => id },
          { title: 'ROLE', value: ({ role }) => role },
          { title: 'NAME', value: ({ name }) => name },
          { title: 'CREATED', value: ({ createdAt }) => shortTime(createdAt) },
          { title: 'LAST USED', value: ({ lastUsedAt }) => shortTime(lastUsedAt) },
          { title: 'REVOKED', value: ({ revokedAt }) => shortTime(revokedAt) },
        ]),
      ),
  )
  .addCommand(
    new ApiCommand('revoke')
      .description('revoke a key: it stops working within a second, and its streams end within 5 s')
      .argument('<id>', 'the id of the key, as `keys list` shows it')
      .option('--global', 'the key belongs to no tenant: an operator or relay key')
      .option('--yes', 'do not ask')
      .writes()
      .examples(
        'postern keys revoke 01a20ae6-f24f-7793-ac66-e5da32839d9c --tenant acme',
        'postern keys revoke 01a20ae6-f24f-7793-ac66-e5da32839d9c --global --yes',
      )
      .runs(async (session, id: string, options: WriteOptions & { global?: boolean; yes?: boolean }) => {
        const path = `${await keysPath(session, options.global === true)}/${segment(id)}`;
        await confirm(`Revoke the key ${id}? Programs that use it stop working.`, options);
        await session.api.write('DELETE', path, options);
        session.output.remark(`Revoked ${id}.`);
      }),
  );

async function keysPath(session: Session, global: boolean): Promise<string> {
  return global ? '/v1/api-keys' : `${await session.tenantPath()}/api-keys`;
}

/** The file is opened first, so that no key is issued that cannot be saved. */
async function issueKey(
  session: Session,
  role: Schema<'ApiKey'>['role'],
  { name, save, ...options }: WriteOptions & { readonly name: string; readonly save?: string },
): Promise<void> {
  const { api, output } = session;
  const path = await keysPath(session, role === 'operator' || role === 'relay');
  const file = await (save === undefined ? undefined : open(save, 'wx', 0o600))?.catch((error: Error) => {
    throw usageFailure(`--save: ${error.message}. Choose another file.`);
  });
  try {
    const { body } = await api.write<Schema<'IssuedApiKey'>>('POST', path, { ...options, body: { role, name } });
    const { key, ...shown } = body;
    const issued = `Issued the ${role} key "${printable(body.name)}" (${body.id}).`;
    if (save === undefined) return output.answer(body, () => `${issued} It is shown only once:\n\n  ${key}\n`);
    await file?.writeFile(`${key}\n`);
    await file?.sync();
    output.answer(
      shown,
      () => `${issued} It is saved in ${printable(save)}. To use it, set POSTERN_KEY_FILE to this file.`,
    );
  } catch (error) {
    if (save !== undefined) await rm(save, { force: true });
    throw error;
  } finally {
    await file?.close();
  }
}
