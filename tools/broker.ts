/** `npm run broker`: a real Kafka broker on this machine, without Docker, until Ctrl-C. */
import { join } from 'node:path';
import 'reflect-metadata';
import { KAFKA_VERSION, startKafkaBroker } from '@postern/embedded-kafka';
import { openDataFolder, warnOfUnknownSettings } from '@postern/settings';

const root = join(import.meta.dirname, '..', '..');
const port = Number(process.env['POSTERN_BROKER_PORT'] || 9092);

warnOfUnknownSettings();
if (!Number.isInteger(port) || port < 1 || port > 65_535) {
  console.error(
    `POSTERN_BROKER_PORT must be a port from 1 to 65535 (it is ${JSON.stringify(process.env['POSTERN_BROKER_PORT'])}).`,
  );
  process.exit(2);
}
console.log(`Kafka ${KAFKA_VERSION} starts … (the first time its jars are fetched)`);
try {
  const dataDir = join(await openDataFolder(process.env['POSTERN_DATA_DIR'] || join(root, '.postern')), 'kafka');
  const broker = await startKafkaBroker({ dataDir, cacheDir: join(root, '.kafka'), port });
  console.log(`Kafka is ready at ${broker.address}, data in ${dataDir}`);
  console.log(
    `\nNext, in another terminal:\n\n  POSTERN_KAFKA_BROKERS=${broker.address} npm run services\n\nCtrl-C ends it.`,
  );
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      stopping = true;
      void broker.stop();
    });
  await broker.ended;
  if (!stopping) throw new Error(`Kafka has ended by itself: see ${join(dataDir, 'broker.log')}.`);
  console.log('Kafka has stopped.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
