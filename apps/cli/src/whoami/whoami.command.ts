import { examples, printable } from '@postern/terminal';
import type { WhoAmI } from '@postern/contracts';
import { Command } from 'commander';
import { sessionOf } from '../session.js';

/** What the key opens. */
export function whoAmICommand(): Command {
  const command = new Command('whoami')
    .description('the role, the tenant and the name of your key')
    .action(async (_: object, self: Command) => {
      const { api, output } = sessionOf(self);
      const key = await api.get<WhoAmI>('/v1/whoami');
      output.answer(
        key,
        () =>
          `${key.role} ${key.tenantId ? `of ${key.tenantId}` : 'of no tenant'}: ${printable(key.name)} (${key.keyId})`,
      );
    });
  return examples(command, 'postern whoami');
}
