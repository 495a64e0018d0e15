import { listDeadLetters, type DeadLetter } from '@postern/audit-trail-service';
import { Command } from 'commander';
import { table, type Column } from '../output/table.js';
import { tell } from '../read-models/tell.js';
import { inAudit, MAX_LETTERS } from './in-audit.js';

/** `postern dead-letters list`: those that wait, oldest first. */
export function listCommand(): Command {
  return new Command('list')
    .description('those that wait, oldest first')
    .option('--all', 'also what a retry has put on record, and what was discarded')
    .addHelpText(
      'after',
      `
Examples:
  postern dead-letters list
  postern dead-letters list --all --json`,
    )
    .action(async ({ all = false }: { all?: boolean }, command: Command) => {
      await inAudit(command, async (audit, { json }) => {
        const letters = await listDeadLetters(audit, all ? 'all' : 'waiting', MAX_LETTERS);
        if (json) process.stdout.write(`${JSON.stringify({ items: letters }, null, 2)}\n`);
        else if (letters.length > 0) {
          process.stdout.write(`${table(COLUMNS, letters, process.stdout.columns ?? null)}\n`);
        }
        if (letters.length === 0) tell('There is no dead letter.');
        if (letters.length === MAX_LETTERS) tell(`These are the ${MAX_LETTERS} oldest; there may be more.`);
      });
    });
}

const COLUMNS: readonly Column<DeadLetter>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'PUT ASIDE', value: ({ putAsideAt }) => putAsideAt },
  { title: 'FROM', value: placeOf },
  { title: 'TENANT', value: ({ tenantId }) => tenantId ?? '-' },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'RETRIES', value: ({ retries }) => String(retries) },
  { title: 'REASON', value: ({ reason }) => reason, wraps: true },
];

function placeOf({ topic, partition, offset }: DeadLetter): string {
  return partition === null ? topic : `${topic}/${partition}@${offset}`;
}
