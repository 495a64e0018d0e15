import { loadSettings } from '@postern/settings';
import { Argument, Command } from 'commander';
import { openDatabase } from '../database/open-database.js';
import { tell, tellError } from '../read-models/tell.js';
import type { RefillOutcome } from './follow-refill.js';
import { deleteWhileStopped, REFILLS, type RefillName } from './refills.js';

/** `postern republish`: exit code 0 when the topic has all of it, 1 when nobody publishes or nothing moves, 2 where it could not be asked for. */
export function republishCommand(): Command {
  return new Command('republish')
    .description('fill Kafka topics again, as after they were deleted: from the journal, or from the relay policies')
    .addArgument(new Argument('<topic...>', 'which ones').choices(Object.keys(REFILLS)))
    .addHelpText('after', HELP)
    .action(async (names: readonly RefillName[], _: unknown, command: Command) => {
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
      try {
        const outcomes = await republish([...new Set(names)]);
        if (outcomes.some(({ kind }) => kind !== 'filled')) process.exitCode = 1;
        for (const { topic, ...outcome } of outcomes) {
          const told = outcomes.length === 1 ? outcome.told : `${topic}: ${outcome.told}`;
          process.stdout.write(`${json ? JSON.stringify({ topic, ...outcome }) : told}\n`);
        }
      } catch (error) {
        process.exitCode = 2;
        tellError(`Could not republish ${names.join(', ')}`, error, json);
      }
    });
}

/** All at once: the journal is read again one time for all, and none waits for another. */
async function republish(names: readonly RefillName[]): Promise<(RefillOutcome & { topic: RefillName })[]> {
  const { kafka } = loadSettings(process.env);
  const database = await openDatabase(process.env);
  try {
    if (kafka && (await deleteWhileStopped(database.url, kafka, names)))
      tell('No service runs: the topics are deleted. The next start makes and fills them.');
    return await Promise.all(
      names.map(async (topic) => {
        const refill = REFILLS[topic];
        return { topic, ...(await refill(database.url, (line) => tell(`${topic}: ${line}`))) };
      }),
    );
  } finally {
    await database.close();
  }
}

const HELP = `
It asks the process that publishes, by way of the database, and waits until that has done it. smtp-users, auth-denials and tenants are
deleted and recreated first, so that they begin with the oldest; relay-policies is written to as it is. Consumers of Postern skip what
they have applied; others begin again, with the same ids and feed positions.
While smtp-users, auth-denials or tenants are filled, newer events of all three wait. It needs Kafka, where the account of the
command-service may delete the topic.

After a restore of the database, run it while the services are stopped, for all four topics, with POSTERN_KAFKA_BROKERS and the other
settings of Kafka: it then deletes the topics itself, and the next start makes and fills them. It ends with exit code 1, since nobody publishes yet.

Examples:
  postern republish relay-policies
  postern republish smtp-users
  postern republish smtp-users tenants auth-denials relay-policies   # the broker has lost everything`;
