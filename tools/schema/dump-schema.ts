import { readFile } from 'node:fs/promises';
import { withSession } from '@postern/database';
import { migrateAll, SCHEMAS } from '../../apps/standalone/src/database.js';

/**
 * Migrates the empty database of `ownerUrl` and returns all of its schemas as SQL, an object a paragraph. To be read and compared: pg_dump
 * does the same, but refuses a server that is newer than itself, as PostgreSQL 18 is for Debian.
 */
export async function dumpSchema(ownerUrl: string): Promise<string> {
  await migrateAll(ownerUrl);
  const query = await readFile(new URL('./dump-schema.sql', import.meta.url), 'utf8');
  const objects = await withSession(ownerUrl, async (client) => {
    const { rows } = await client.query<{ text: string }>(query, [SCHEMAS.map(({ schema }) => schema)]);
    return rows.map(({ text }) => text);
  });
  return ['-- Written by `npm run schema`: the database as the migrations leave it.\n', ...objects].join('\n');
}
