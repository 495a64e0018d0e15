import { loadSettings } from '@postern/service-kit';
import { Command } from 'commander';
import { openDatabase } from '../database/open-database.js';
import { tell, tellError } from '../read-models/tell.js';
import { repartition } from './repartition.js';

/** `postern repartition`: exit code 0 when the services may be started, 2 where nothing or not all could be done: run it again. */
export function repartitionCommand(): Command {
  return new Command('repartition')
    .description('change how many partitions the Kafka topics have, while the services are stopped')
    .addHelpText('after', HELP)
    .action(async (_: unknown, command: Command) => {
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
      try {
        const { kafka } = loadSettings(process.env);
        if (kafka === null)
          throw new Error('Set POSTERN_KAFKA_BROKERS and POSTERN_KAFKA_PARTITIONS, as the services will have them.');
        const database = await openDatabase(process.env);
        await repartition(database.url, kafka, tell).finally(() => database.close());
        const told = `Start the services with POSTERN_KAFKA_PARTITIONS=${kafka.partitions}.`;
        process.stdout.write(`${json ? JSON.stringify({ partitions: kafka.partitions, told }) : told}\n`);
      } catch (error) {
        process.exitCode = 2;
        tellError('Could not change the partitions', error, json);
      }
    });
}

const HELP = `
It takes POSTERN_KAFKA_PARTITIONS as the number that is wanted, and the other settings of Kafka as the services have them. What the consumers
have applied is written down as a place in the journal, then the topics are deleted; the next start makes them anew and fills them from
the journal. Nothing is lost, nothing takes effect twice, and each user's events keep their order. Killed half-way, run it again.
Also for topics to which somebody added partitions: run it with the number that the services had.

Examples:
  POSTERN_KAFKA_BROKERS=kafka.example:9092 POSTERN_KAFKA_PARTITIONS=24 postern repartition`;
