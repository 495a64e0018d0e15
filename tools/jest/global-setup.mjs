// Runs outside jest's transforms, so it takes what was built: `npm test` builds first.
import { startTestKafka } from '../../dist/libs/testing/src/test-kafka.js';
import { startTestServer } from '../../dist/libs/testing/src/test-server.js';

export default async function setUp() {
  const [server, kafka] = await Promise.all([startTestServer(), startTestKafka()]);
  globalThis.posternTestServer = server;
  process.env.POSTERN_TEST_DATABASE_URL = server.url;
  if ('missing' in kafka) {
    process.env.POSTERN_TEST_KAFKA_MISSING = kafka.missing;
  } else {
    globalThis.posternTestKafka = kafka;
    process.env.POSTERN_TEST_KAFKA = JSON.stringify(kafka.kafka);
  }
}
