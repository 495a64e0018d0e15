import { listDeadLetters, retryDeadLetter, type Retried } from '@postern/audit-trail-service';
import { Command } from 'commander';
import { tell } from '../read-models/tell.js';
import { inAudit, MAX_LETTERS } from './in-audit.js';
import { letterIds } from './letter-id.js';

/** `postern dead-letters retry`: says of each what became of it; exit code 1 where one is still not on record. */
export function retryCommand(): Command {
  return new Command('retry')
    .description('hand them to this release’s reader; what it can read goes on record, once')
    .argument('[ids...]', 'which ones', letterIds)
    .option('--all', 'all that wait')
    .addHelpText(
      'after',
      `
Examples:
  postern dead-letters retry --all
  postern dead-letters retry 0198c0de-0000-7000-8000-0000000000d1`,
    )
    .action(async (ids: readonly string[], { all = false }: { all?: boolean }, command: Command) => {
      if (all === ids.length > 0) command.error('Give the ids of dead letters, or --all.', { exitCode: 2 });
      await inAudit(command, async (audit, { json }) => {
        const which = all ? (await listDeadLetters(audit, 'waiting', MAX_LETTERS)).map(({ id }) => id) : ids;
        const retried: ({ readonly id: string } & Retried)[] = [];
        for (const id of new Set(which)) {
          const result = await retryDeadLetter(audit, id);
          retried.push({ id, ...result });
          if (!json) process.stdout.write(`${id}  ${told(result)}\n`);
        }
        if (json) process.stdout.write(`${JSON.stringify({ items: retried }, null, 2)}\n`);
        if (retried.some(({ outcome }) => outcome === 'unreadable' || outcome === 'not-waiting')) process.exitCode = 1;
        if (retried.length === 0) tell('There is no dead letter that waits.');
        if (retried.length === MAX_LETTERS) tell('There may be more: run it again.');
      });
    });
}

function told(retried: Retried): string {
  switch (retried.outcome) {
    case 'recorded':
      return 'is on record now';
    case 'known':
      return 'was on record already, and is not counted again';
    case 'unreadable':
      return `still cannot be read: ${retried.reason}`;
    case 'not-waiting':
      return 'does not wait: see postern dead-letters list --all';
  }
}
