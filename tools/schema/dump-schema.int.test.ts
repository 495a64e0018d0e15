import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createTestDatabase } from '@postern/testing';
import { dumpSchema } from './dump-schema.js';

it('docs/schema.sql is the schema that the migrations make', async () => {
  const database = await createTestDatabase('empty', async () => undefined);
  try {
    const documented = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'schema.sql'), 'utf8');
    const hint = 'Run `npm run -s schema`, and read the diff of docs/schema.sql.';
    expect({ hint, schema: (await dumpSchema(database.url)).split('\n') }).toEqual({
      hint,
      schema: documented.split('\n'),
    });
  } finally {
    await database.drop();
  }
});
