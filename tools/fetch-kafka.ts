/** Fetches the jars of the broker that tests and `npm run broker` start, where they are not there yet. */
import { join } from 'node:path';
import { kafkaJars } from '../libs/embedded-kafka/src/jars.js';

try {
  await kafkaJars(join(import.meta.dirname, '..', '..', '.kafka'));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
