import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { assertUpToDate, isServiceLogin, openDataSource, type DatabaseRole } from '@postern/database';
import { findEmbeddedPostgres, startEmbeddedPostgres } from '@postern/embedded-postgres';
import { loadSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { SCHEMAS } from '../../standalone/src/database.js';

export interface OpenDatabase {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts an embedded server that does not run, until `close`. Does not migrate: a Postern may be running. @throws an `Error` that says what to do. */
export async function openDatabase(environment: NodeJS.ProcessEnv): Promise<OpenDatabase> {
  const { databaseUrl, dataDir } = loadSettings(environment);
  if (databaseUrl !== null) assertOwner(databaseUrl);
  const database =
    databaseUrl === null ? await embedded(resolve(dataDir)) : { url: databaseUrl, close: async () => undefined };
  try {
    for (const component of SCHEMAS) await assertUpToDate(database.url, component);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/** A service's login may not read other services' tables: the command would fail half-way. */
function assertOwner(url: string): void {
  const { username } = new URL(url);
  if (isServiceLogin(decodeURIComponent(username)))
    throw new Error(
      `POSTERN_DATABASE_URL connects as ${username}, which has access only to its own service's tables. Set it to the owner's URL, as for postern migrate.`,
    );
}

async function embedded(folder: string): Promise<Pick<OpenDatabase, 'url' | 'close'>> {
  const dataDir = join(folder, 'postgres');
  if (!existsSync(dataDir)) {
    throw new Error(
      `There is no database in ${folder}. Set POSTERN_DATA_DIR to the data folder of your Postern, or POSTERN_DATABASE_URL to its database.`,
    );
  }
  const running = await findEmbeddedPostgres(dataDir);
  if (running) return { url: running.url('postern'), close: async () => undefined };
  const server = await startEmbeddedPostgres({ dataDir });
  return { url: server.url('postern'), close: () => server.stop() };
}

/** `url` is the owner's. */
export async function asRole<Result>(
  url: string,
  role: DatabaseRole,
  entities: (new () => object)[],
  work: (source: DataSource) => Promise<Result>,
): Promise<Result> {
  const source = await openDataSource(url, role, { entities, poolSize: 2 });
  try {
    return await work(source);
  } finally {
    await source.destroy();
  }
}
