import { examples, printable } from '@postern/terminal';
import type { MyIp } from '@postern/contracts';
import { Command } from 'commander';
import { EXIT } from '../exit-codes.js';
import { RequestRefused } from '../failure.js';
import { sessionOf } from '../session.js';

/** The address that Postern sees this machine come from. */
export function myIpCommand(): Command {
  const command = new Command('my-ip')
    .description('the address that Postern sees you come from (no key)')
    .action(async (_: object, self: Command) => {
      const { api, output } = sessionOf(self);
      const answer = await api.get<MyIp>('/v1/my-ip', { open: true });
      output.answer(answer, () => answer.ip);
    });
  return examples(command, 'postern my-ip', 'postern allow app@acme.example "$(postern my-ip)"');
}

/** Whether Postern works. */
export function healthCommand(): Command {
  const command = new Command('health')
    .description('whether Postern is ready, else what is missing (exit code 0: it is, 1: not; no key)')
    .action(async (_: object, self: Command) => {
      const { api, output } = sessionOf(self);
      try {
        const answer = await api.get<{ status: string }>('/health/ready', { open: true, attempts: 1 });
        output.answer(answer, () => output.paint('green', answer.status));
      } catch (error) {
        if (!(error instanceof RequestRefused) || error.problem.code !== 'not-ready') throw error;
        output.answer(
          error.problem,
          () => `${output.paint('red', 'not ready')}  ${printable(error.problem.detail ?? '')}`,
        );
        process.exitCode = EXIT.no;
      }
    });
  return examples(command, 'postern health', 'until postern health; do sleep 1; done');
}
