/** Fetches the jars of the broker that tests and `npm run broker` start, and makes their archive, where they are not there yet. */
import { join } from 'node:path';
import { prepareKafka } from '@postern/embedded-kafka';

try {
  await prepareKafka(join(import.meta.dirname, '..', '..', '.kafka'));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
