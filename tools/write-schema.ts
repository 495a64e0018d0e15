// `npm run schema`: writes docs/schema.sql.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestServer } from '../libs/testing/src/test-server.js';
import { dumpSchema } from './schema/dump-schema.js';

const server = await startTestServer();
try {
  writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'schema.sql'), await dumpSchema(server.url));
  console.log('Wrote docs/schema.sql.');
} finally {
  await server.stop();
}
