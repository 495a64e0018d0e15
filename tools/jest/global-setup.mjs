// Runs outside jest's transforms, so it takes what was built: `npm test` builds first.
import { startTestServer } from '../../dist/libs/testing/src/test-server.js';

export default async function setUp() {
  const server = await startTestServer();
  globalThis.posternTestServer = server;
  process.env.POSTERN_TEST_DATABASE_URL = server.url;
}
