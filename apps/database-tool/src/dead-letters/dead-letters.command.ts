import {
  discardDeadLetter,
  findDeadLetter,
  listDeadLetters,
  retryDeadLetter,
  DeadLetter,
  type Retried,
} from '@postern/audit-trail-service';
import { isUuid } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { examples, type Column } from '@postern/terminal';
import { Command, InvalidArgumentError } from 'commander';
import type { DataSource } from 'typeorm';
import { runOnDatabase, type Surroundings } from '../run-command.js';

/** The most that a command takes at once. */
const MAX_LETTERS = 1_000;

/** `postern dead-letters`: denials that the audit trail could not read. */
export function deadLettersCommand(): Command {
  return new Command('dead-letters')
    .description('denials that could not be read and were put aside: look at them, and have them read again')
    .addCommand(list())
    .addCommand(show())
    .addCommand(retry())
    .addCommand(discard())
    .addHelpText('after', HELP);
}

function list(): Command {
  const command = new Command('list')
    .description('those that wait, oldest first')
    .option('--all', 'also what a retry has put on record, and what was discarded')
    .action(async ({ all = false }: { all?: boolean }, self: Command) => {
      await inAudit(self, async (audit, { output, report }) => {
        const items = await listDeadLetters(audit, all ? 'all' : 'waiting', MAX_LETTERS);
        if (output.json || items.length > 0) output.answer({ items }, () => output.table(COLUMNS, items));
        if (items.length === 0) report('There is no dead letter.');
        if (items.length === MAX_LETTERS) report(`These are the ${MAX_LETTERS} oldest; there may be more.`);
      });
    });
  return examples(command, 'postern dead-letters list', 'postern dead-letters list --all --json');
}

const COLUMNS: readonly Column<DeadLetter>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'PUT ASIDE', value: ({ putAsideAt }) => putAsideAt },
  {
    title: 'FROM',
    value: ({ topic, partition, offset }) => (partition === null ? topic : `${topic}/${partition}@${offset}`),
  },
  { title: 'TENANT', value: ({ tenantId }) => tenantId ?? '-' },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'RETRIES', value: ({ retries }) => String(retries) },
  { title: 'REASON', value: ({ reason }) => reason, wraps: true },
];

function show(): Command {
  const command = new Command('show')
    .description('one of them whole, as JSON: the event, or the message as it was received')
    .argument('<id>', 'which one', letterId)
    .action(async (id: string, _: unknown, self: Command) => {
      await inAudit(self, async (audit, { output, report }) => {
        const letter = await findDeadLetter(audit, id);
        if (!letter) {
          process.exitCode = 1;
          return report(`There is no dead letter ${id}: see postern dead-letters list --all`);
        }
        const { key, value, ...rest } = letter;
        const whole = rest.event === null ? { ...rest, key: readable(key), value: readable(value) } : rest;
        output.line(JSON.stringify(whole, null, 2));
      });
    });
  return examples(command, 'postern dead-letters show 0198c0de-0000-7000-8000-0000000000d1');
}

/** Says of each what became of it; exit code 1 where one is still not on record. */
function retry(): Command {
  const command = new Command('retry')
    .description('hand them to this release’s reader; what it can read goes on record, once')
    .argument('[ids...]', 'which ones', letterIds)
    .option('--all', 'all that wait')
    .action(async (ids: readonly string[], { all = false }: { all?: boolean }, self: Command) => {
      if (all === ids.length > 0) self.error('Give the ids of dead letters, or --all.', { exitCode: 2 });
      await inAudit(self, async (audit, { output, report }) => {
        const which = all ? (await listDeadLetters(audit, 'waiting', MAX_LETTERS)).map(({ id }) => id) : ids;
        const items: ({ readonly id: string } & Retried)[] = [];
        for (const id of new Set(which)) {
          const result = await retryDeadLetter(audit, id);
          items.push({ id, ...result });
          if (!output.json) output.line(`${id}  ${outcomeOf(result)}`);
        }
        if (output.json) output.answer({ items }, String);
        if (items.some(({ outcome }) => outcome === 'unreadable' || outcome === 'not-waiting')) process.exitCode = 1;
        if (items.length === 0) report('There is no dead letter that waits.');
        if (items.length === MAX_LETTERS) report('There may be more: run it again.');
      });
    });
  return examples(
    command,
    'postern dead-letters retry --all',
    'postern dead-letters retry 0198c0de-0000-7000-8000-0000000000d1',
  );
}

function outcomeOf(retried: Retried): string {
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

function discard(): Command {
  const command = new Command('discard')
    .description('say of those that are nothing that they wait no more; they are kept')
    .argument('<ids...>', 'which ones', letterIds)
    .action(async (ids: readonly string[], _: unknown, self: Command) => {
      await inAudit(self, async (audit, { output }) => {
        const items: { readonly id: string; readonly outcome: 'discarded' | 'not-waiting' }[] = [];
        for (const id of new Set(ids)) {
          const outcome = (await discardDeadLetter(audit, id)) ? 'discarded' : 'not-waiting';
          items.push({ id, outcome });
          if (outcome === 'not-waiting') process.exitCode = 1;
          if (!output.json) output.line(`${id}  ${outcome === 'discarded' ? 'is discarded' : 'does not wait'}`);
        }
        if (output.json) output.answer({ items }, String);
      });
    });
  return examples(command, 'postern dead-letters discard 0198c0de-0000-7000-8000-0000000000d1');
}

/** Runs `work` on Postern's database, as the audit trail. */
async function inAudit(
  command: Command,
  work: (audit: DataSource, to: Surroundings) => void | Promise<void>,
): Promise<void> {
  await runOnDatabase(command, 'Could not look at the dead letters', async ({ url }, surroundings) => {
    const audit = await openDataSource(url, 'postern_audit', { entities: [DeadLetter], poolSize: 2 });
    try {
      await work(audit, surroundings);
    } finally {
      await audit.destroy();
    }
  });
}

function letterId(text: string): string {
  if (!isUuid(text)) throw new InvalidArgumentError('Give the id of a dead letter: see postern dead-letters list');
  return text;
}

/** For an argument that may be repeated. */
function letterIds(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), letterId(text)];
}

/** Text where the bytes are UTF-8, else base64. */
function readable(bytes: Buffer | null): { readonly text: string } | { readonly base64: string } | null {
  if (bytes === null) return null;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? { text } : { base64: bytes.toString('base64') };
}

const HELP = `
They are in the database itself: that of POSTERN_DATABASE_URL, or the embedded one of POSTERN_DATA_DIR. Postern may run meanwhile.

Exit code: 0 done, 1 some are still not on record, 2 it could not be found out.

Examples:
  postern dead-letters list
  postern dead-letters show 0198c0de-0000-7000-8000-0000000000d1
  postern dead-letters retry --all`;
