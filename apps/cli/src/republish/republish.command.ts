import { Argument, Command } from 'commander';
import { openDatabase } from '../database/open-database.js';
import { tell, tellError } from '../read-models/tell.js';
import { REFILLS, type RefillName } from './refills.js';

/** `postern republish`: exit code 0 when the topic has all of it, 1 when nobody publishes or nothing moves, 2 where it could not be asked for. */
export function republishCommand(): Command {
  return new Command('republish')
    .description('fill a Kafka topic again, as after it was deleted: from the journal, or from the relay policies')
    .addArgument(new Argument('<topic>', 'which one').choices(Object.keys(REFILLS)))
    .addHelpText('after', HELP)
    .action(async (name: RefillName, _: unknown, command: Command) => {
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
      try {
        const database = await openDatabase(process.env);
        const refill = REFILLS[name];
        const outcome = await refill(database.url, tell).finally(() => database.close());
        if (outcome.kind !== 'filled') process.exitCode = 1;
        if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
        else process.stdout.write(`${outcome.told}\n`);
      } catch (error) {
        process.exitCode = 2;
        tellError(`Could not republish ${name}`, error, json);
      }
    });
}

const HELP = `
It asks the process that publishes, by way of the database, and waits until that has done it. smtp-users, auth-denials and tenants are
deleted and made anew first, so that they begin with the oldest; relay-policies is written to as it is. Consumers of Postern skip what
they have applied; others begin anew, with the same ids and feed positions.
While smtp-users, auth-denials or tenants are filled, newer events of all three wait. It needs Kafka, where the account of the
command-service may delete the topic.

Examples:
  postern republish relay-policies
  postern republish smtp-users`;
