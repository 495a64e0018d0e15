import { discardDeadLetter } from '@postern/audit-trail-service';
import { Command } from 'commander';
import { inAudit } from './in-audit.js';
import { letterIds } from './letter-id.js';

/** `postern dead-letters discard <id…>`: they wait no more, and are kept. */
export function discardCommand(): Command {
  return new Command('discard')
    .description('say of those that are nothing that they wait no more; they are kept')
    .argument('<ids...>', 'which ones', letterIds)
    .addHelpText(
      'after',
      `
Examples:
  postern dead-letters discard 0198c0de-0000-7000-8000-0000000000d1`,
    )
    .action(async (ids: readonly string[], _: unknown, command: Command) => {
      await inAudit(command, async (audit, { json }) => {
        const discarded: { readonly id: string; readonly outcome: 'discarded' | 'not-waiting' }[] = [];
        for (const id of new Set(ids)) {
          const outcome = (await discardDeadLetter(audit, id)) ? 'discarded' : 'not-waiting';
          discarded.push({ id, outcome });
          if (outcome === 'not-waiting') process.exitCode = 1;
          if (!json) process.stdout.write(`${id}  ${outcome === 'discarded' ? 'is discarded' : 'does not wait'}\n`);
        }
        if (json) process.stdout.write(`${JSON.stringify({ items: discarded }, null, 2)}\n`);
      });
    });
}
