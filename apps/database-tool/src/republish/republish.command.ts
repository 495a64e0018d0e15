import { loadSettings } from '@postern/settings';
import { Argument, Command } from 'commander';
import { runOnDatabase } from '../run-command.js';
import type { RefillOutcome } from './follow-refill.js';
import { deleteWhileStopped, REFILLS, type RefillName } from './refills.js';

/** `postern republish`: exit code 0 when the topic has all of it, 1 when nobody publishes or nothing moves, 2 where it could not be asked for. */
export function republishCommand(): Command {
  return new Command('republish')
    .description('fill Kafka topics again, as after they were deleted: from the journal, or from the relay policies')
    .addArgument(new Argument('<topic...>', 'which ones').choices(Object.keys(REFILLS)))
    .addHelpText('after', HELP)
    .action(async (named: readonly RefillName[], _: unknown, command: Command) => {
      await runOnDatabase(command, `Could not republish ${named.join(', ')}`, async ({ url }, { output, report }) => {
        const outcomes = await republish(url, [...new Set(named)], report);
        if (outcomes.some(({ kind }) => kind !== 'filled')) process.exitCode = 1;
        for (const outcome of outcomes) {
          const text = outcomes.length === 1 ? outcome.told : `${outcome.topic}: ${outcome.told}`;
          output.line(output.json ? JSON.stringify(outcome) : text);
        }
      });
    });
}

/** All at once: the journal is read again one time for all, and none waits for another. */
async function republish(
  url: string,
  topics: readonly RefillName[],
  report: (line: string) => void,
): Promise<({ topic: RefillName } & RefillOutcome)[]> {
  const { kafka } = loadSettings(process.env);
  if (kafka && (await deleteWhileStopped(url, kafka, topics)))
    report('No service runs: the topics are deleted. The next start makes and fills them.');
  return Promise.all(
    topics.map(async (topic) => {
      const refill = REFILLS[topic];
      return { topic, ...(await refill(url, (line) => report(`${topic}: ${line}`))) };
    }),
  );
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
