import type { Schema } from './schema.js';
import { printable, shortTime } from '@postern/terminal';
import { ApiCommand } from './command.js';
import { EXIT, RequestRefused } from './failure.js';

const myIp = new ApiCommand('my-ip')
  .description('your address, as Postern sees it (needs no key)')
  .examples('postern my-ip', 'postern allow app@acme.example "$(postern my-ip)"')
  .runs(async ({ api, output }) => {
    const answer = await api.get<Schema<'MyIp'>>('/v1/my-ip', { open: true });
    output.answer(answer, () => answer.ip);
  });

const health = new ApiCommand('health')
  .description('show whether Postern is ready, and what is missing (exit code 0: ready, 1: not; needs no key)')
  .examples('postern health', 'until postern health; do sleep 1; done')
  .runs(async ({ api, output }) => {
    try {
      const answer = await api.get<{ status: string }>('/health/ready', { open: true, attempts: 1 });
      output.answer(answer, () => output.paint('green', answer.status));
    } catch (error) {
      if (!(error instanceof RequestRefused) || error.problem.code !== 'not-ready') throw error;
      const { problem } = error;
      output.answer(problem, () => `${output.paint('red', 'not ready')}  ${printable(problem.detail ?? '')}`);
      process.exitCode = EXIT.no;
    }
  });

const whoAmI = new ApiCommand('whoami')
  .description('the role, the tenant and the name of your key')
  .examples('postern whoami')
  .runs(async ({ api, output }) => {
    const key = await api.get<Schema<'WhoAmI'>>('/v1/whoami');
    const owner = key.tenantId ? `of ${key.tenantId}` : 'of no tenant';
    output.answer(key, () => `${key.role} ${owner}: ${printable(key.name)} (${key.keyId})`);
  });

const signInLink = new ApiCommand('sign-in-link')
  .description('a link that signs one browser in to the dashboard with your key, once, within 15 minutes')
  .examples('postern sign-in-link', 'xdg-open "$(postern sign-in-link)"')
  .runs(async ({ api, output }) => {
    const { body } = await api.write<Schema<'SignInLink'>>('POST', '/v1/sign-in-links');
    const link = { ...body, url: api.url + body.url };
    output.answer(link, () => link.url);
    output.remark(`The first person who opens it, until ${shortTime(link.expiresAt)}, has the rights of your key.`);
  });

export const serverCommands = [myIp, health, whoAmI, signInLink];
