import { shortTime, examples } from '@postern/terminal';
import { Command } from 'commander';
import type { SmtpUser } from '@postern/restrictions';
import { confirm } from '../input/confirm.js';
import { listOptions, writeOptions, type ListOptions, type WriteOptions } from '../options.js';
import { showList } from '../list/show-list.js';
import { describeUser, state } from '../restriction/describe.js';
import { sessionOf, tenantPath } from '../session.js';
import { findSmtpUser } from './find-smtp-user.js';
import { untilReadable } from './until-readable.js';

export function usersCommand(): Command {
  return new Command('users')
    .description('SMTP users: usernames whose logins are restricted or not')
    .addCommand(add())
    .addCommand(list())
    .addCommand(show())
    .addCommand(rename())
    .addCommand(remove());
}

function add(): Command {
  const command = new Command('add')
    .description('register an SMTP user; it is unrestricted until you restrict it')
    .argument('<username>', '1 to 254 printable ASCII characters, unique over all tenants')
    .action(async (username: string, options: WriteOptions, self: Command) => {
      const session = sessionOf(self);
      const users = `${await tenantPath(session)}/smtp-users`;
      const { body, version } = await session.api.write<SmtpUser>('POST', users, { ...options, body: { username } });
      await untilReadable(session, `${users}/${body.id}`, version ?? body.restriction.version);
      session.output.answer(body, () => `Added ${body.username} (${body.id}).`);
    });
  return examples(writeOptions(command), 'postern users add app@acme.example');
}

function list(): Command {
  const command = new Command('list')
    .description('SMTP users of the tenant, the newest first')
    .option('--query <part>', 'only those with this in their username, in any case')
    .action(async (options: ListOptions & { query?: string }, self: Command) => {
      const session = sessionOf(self);
      const { query } = options;
      await showList<SmtpUser>(
        session,
        { path: `${await tenantPath(session)}/smtp-users`, query: { query }, columns: COLUMNS },
        options,
      );
    });
  return examples(listOptions(command), 'postern users list', 'postern users list --query @acme.example --limit 500');
}

const COLUMNS = [
  { title: 'USERNAME', value: ({ username }: SmtpUser) => username },
  { title: 'ADDRESSES', value: ({ restriction }: SmtpUser) => state(restriction) },
  { title: 'CREATED', value: ({ createdAt }: SmtpUser) => shortTime(createdAt) },
  { title: 'ID', value: ({ id }: SmtpUser) => id },
];

function show(): Command {
  const command = new Command('show')
    .description('one SMTP user with its restriction')
    .argument('<user>', 'username or id')
    .action(async (named: string, _: object, self: Command) => {
      const session = sessionOf(self);
      const user = await session.api.get<SmtpUser>((await findSmtpUser(session, named)).path);
      session.output.answer(user, () => describeUser(user, session.output));
    });
  return examples(command, 'postern users show app@acme.example');
}

function rename(): Command {
  const command = new Command('rename')
    .description('give an SMTP user another username; its restriction and history stay')
    .argument('<user>', 'username or id')
    .argument('<username>', 'the new one')
    .action(async (named: string, username: string, options: WriteOptions, self: Command) => {
      const session = sessionOf(self);
      const { path, name } = await findSmtpUser(session, named);
      const { body, version } = await session.api.write<SmtpUser>('PATCH', path, { ...options, body: { username } });
      await untilReadable(session, path, version ?? body.restriction.version);
      session.output.answer(body, () => `Renamed ${name} to ${body.username}.`);
    });
  return examples(
    writeOptions(command, { versioned: true }),
    'postern users rename app@acme.example mailer@acme.example',
  );
}

function remove(): Command {
  const command = new Command('remove')
    .description('remove an SMTP user; its logins are deferred as unknown, its history stays')
    .argument('<user>', 'username or id')
    .option('--yes', 'do not ask')
    .action(async (named: string, options: WriteOptions & { yes?: boolean }, self: Command) => {
      const session = sessionOf(self);
      const { path, name } = await findSmtpUser(session, named);
      await confirm(`Remove the SMTP user ${name}? Relays will defer its logins.`, options.yes ?? false);
      const { version } = await session.api.write('DELETE', path, options);
      await untilReadable(session, path, version);
      session.output.aside(`Removed ${name}.`);
    });
  return examples(writeOptions(command, { versioned: true }), 'postern users remove app@acme.example --yes');
}
