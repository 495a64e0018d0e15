import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate, withSession } from '@postern/database';
import { startEmbeddedPostgres } from '@postern/embedded-postgres';
import { journalSchema } from '@postern/event-store';
import { openDataFolder, type Settings } from '@postern/settings';
// Imported by file, and no Nest: the operator's commands need the schemas, but not the services' modules, which take half a second to load.
import { accessSchema } from '../../../libs/access/src/access-schema.js';
import { loginsSchema } from '../../../libs/observed-logins/src/logins-schema.js';
import { auditSchema } from '../../audit-trail-service/src/schema/audit-schema.js';
import { projectionSchema } from '../../projection-service/src/schema/projection-schema.js';

/** The journal first, so that a wrong cluster is noticed at once. */
export const SCHEMAS = [journalSchema, accessSchema, projectionSchema, auditSchema, loginsSchema];

export interface Database {
  readonly url: string;
  readonly embedded: boolean;
  /** Null if the embedded server is running, or the database is not embedded. */
  problem(): string | null;
  stop(): Promise<void>;
}

/** `onChange` is called when the embedded server is lost, cannot start, or runs again. */
export async function openDatabase(
  settings: Settings,
  onChange: (running: boolean, message: string) => void,
  prepare: (ownerUrl: string) => Promise<void> = migrateAll,
  serverSettings: Readonly<Record<string, string>> = {},
): Promise<Database> {
  const database =
    settings.databaseUrl === null
      ? await embedded(settings.dataDir, serverSettings, onChange)
      : external(settings.databaseUrl);
  try {
    await prepare(database.url);
  } catch (error) {
    await database.stop();
    throw error;
  }
  return database;
}

export async function migrateAll(ownerUrl: string): Promise<void> {
  for (const component of SCHEMAS) await migrate(ownerUrl, component);
}

function external(url: string): Database {
  return { url, embedded: false, problem: () => null, stop: async () => undefined };
}

async function embedded(
  dataDir: string,
  settings: Readonly<Record<string, string>>,
  onChange: (running: boolean, message: string) => void,
): Promise<Database> {
  const folder = await openDataFolder(dataDir);
  // If we are root, the server runs as another account, which must pass through this folder; files have their own modes.
  await chmod(folder, 0o711);
  let problem: string | null = null;
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    settings,
    onChange: (running, message) => {
      problem = running ? null : message;
      onChange(running, message);
    },
  });
  try {
    await createDatabaseIfMissing(server.url(), 'postern');
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url: server.url('postern'), embedded: true, problem: () => problem, stop: () => server.stop() };
}

async function createDatabaseIfMissing(serverUrl: string, name: string): Promise<void> {
  await withSession(serverUrl, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}
