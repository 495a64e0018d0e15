import { shortTime } from '@postern/terminal';
import type { SmtpUser } from '@postern/restrictions';
import type { WriteOptions } from './api.js';
import { ApiCommand } from './command.js';
import { confirm } from './confirm.js';
import { describeUser, state } from './describe-restriction.js';
import { showList, type ListOptions } from './list.js';
import { findSmtpUser, writeSmtpUser } from './smtp-user.js';

export const usersCommand = new ApiCommand('users')
  .description('SMTP users, each with a username that logs in to send mail')
  .addCommand(
    new ApiCommand('add')
      .description('register an SMTP user; it is unrestricted until you restrict it')
      .argument('<username>', '1 to 254 printable ASCII characters, unique over all tenants')
      .writes()
      .examples('postern users add app@acme.example')
      .runs(async (session, username: string, options: WriteOptions) => {
        const users = `${await session.tenantPath()}/smtp-users`;
        const write = { ...options, body: { username } };
        const user = await writeSmtpUser<SmtpUser>(session, 'POST', users, write, ({ id }) => `${users}/${id}`);
        session.output.answer(user, () => `Added ${user.username} (${user.id}).`);
      }),
  )
  .addCommand(
    new ApiCommand('list')
      .description('SMTP users of the tenant, the newest first')
      .option('--query <part>', 'only usernames that contain this, in upper or lower case')
      .exports()
      .examples('postern users list', 'postern users list --query @acme.example --limit 500')
      .runs(async (session, options: ListOptions) =>
        showList<SmtpUser>(session, `${await session.tenantPath()}/smtp-users`, options, [
          { title: 'USERNAME', value: ({ username }) => username },
          { title: 'ADDRESSES', value: ({ restriction }) => state(restriction) },
          { title: 'CREATED', value: ({ createdAt }) => shortTime(createdAt) },
          { title: 'ID', value: ({ id }) => id },
        ]),
      ),
  )
  .addCommand(
    new ApiCommand('show')
      .description('one SMTP user with its restriction')
      .argument('<user>', 'username or id')
      .examples('postern users show app@acme.example')
      .runs(async (session, named: string) => {
        const user = await session.api.get<SmtpUser>((await findSmtpUser(session, named)).path);
        session.output.answer(user, () => describeUser(user, session.output));
      }),
  )
  .addCommand(
    new ApiCommand('rename')
      .description('give an SMTP user another username; its restriction and history stay')
      .argument('<user>', 'username or id')
      .argument('<username>', 'the new username')
      .writesUser()
      .examples('postern users rename app@acme.example mailer@acme.example')
      .runs(async (session, named: string, username: string, options: WriteOptions) => {
        const { path, name } = await findSmtpUser(session, named);
        const write = { ...options, body: { username } };
        const user = await writeSmtpUser<SmtpUser>(session, 'PATCH', path, write, () => path);
        session.output.answer(user, () => `Renamed ${name} to ${user.username}.`);
      }),
  )
  .addCommand(
    new ApiCommand('remove')
      .description('remove an SMTP user; its logins are deferred as unknown, its history stays')
      .argument('<user>', 'username or id')
      .option('--yes', 'do not ask')
      .writesUser()
      .examples('postern users remove app@acme.example --yes')
      .runs(async (session, named: string, options: WriteOptions & { yes?: boolean }) => {
        const { path, name } = await findSmtpUser(session, named);
        await confirm(`Remove the SMTP user ${name}? Relays will defer its logins.`, options);
        await writeSmtpUser(session, 'DELETE', path, options, () => path);
        session.output.remark(`Removed ${name}.`);
      }),
  );
