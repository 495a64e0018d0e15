import { examples, printable, shortTime } from '@postern/terminal';
import type { Tenant } from '@postern/contracts';
import { Command } from 'commander';
import { pageOptions, writeOptions, type PageOptions, type WriteOptions } from '../options.js';
import { showList } from '../list/show-list.js';
import { sessionOf } from '../session.js';

export function tenantsCommand(): Command {
  return new Command('tenants')
    .description('customer accounts; each sees nothing of any other (operator key)')
    .addCommand(create())
    .addCommand(list());
}

function create(): Command {
  const command = new Command('create')
    .description('make a tenant')
    .argument('<id>', '1 to 63 of a-z, 0-9 and -, and does not begin with -')
    .option('--name <name>', 'what people call it; its id where left out')
    .action(async (id: string, options: WriteOptions & { name?: string }, self: Command) => {
      const { api, output } = sessionOf(self);
      const { name = id, idempotencyKey } = options;
      const { body } = await api.write<Tenant>('POST', '/v1/tenants', { body: { id, name }, idempotencyKey });
      output.answer(body, () => `Created the tenant ${body.id} (${printable(body.name)}).`);
    });
  return examples(writeOptions(command), 'postern tenants create acme --name "Acme Ltd"');
}

function list(): Command {
  const command = new Command('list')
    .description('all tenants, by id')
    .action(async (options: PageOptions, self: Command) => {
      const session = sessionOf(self);
      await showList<Tenant>(session, { path: '/v1/tenants', columns: COLUMNS }, options);
    });
  return examples(pageOptions(command), 'postern tenants list');
}

const COLUMNS = [
  { title: 'ID', value: ({ id }: Tenant) => id },
  { title: 'NAME', value: ({ name }: Tenant) => name, wraps: true as const },
  { title: 'CREATED', value: ({ createdAt }: Tenant) => shortTime(createdAt) },
];
