import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  /** The owner's connection URL. */
  readonly url: string;
  /** Ends every session on it and drops it. */
  drop(): Promise<void>;
}

/** Serialises the making of templates between jest's workers. */
const TEMPLATE_LOCK = 8_025_002;

/**
 * A database of its own for a test file, cloned from a template that `migrate` filled once in this run.
 * `template` names what `migrate` does: the same name must always mean the same tables.
 */
export async function createTestDatabase(
  template: string,
  migrate: (ownerUrl: string) => Promise<void>,
): Promise<TestDatabase> {
  const serverUrl = process.env['POSTERN_TEST_DATABASE_URL'];
  if (!serverUrl) throw new Error('No test PostgreSQL: run the tests by `npm test` or `npm run jest -- <file>`.');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onDatabase(serverUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const templateName = `template_${template}`;
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [templateName]);
    if (rowCount === 0) {
      const making = `${templateName}_making`;
      await client.query(`DROP DATABASE IF EXISTS ${making} WITH (FORCE)`);
      await client.query(`CREATE DATABASE ${making}`);
      await migrate(databaseUrl(serverUrl, making));
      await client.query(`ALTER DATABASE ${making} RENAME TO ${templateName}`);
    }
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${templateName} STRATEGY file_copy`);
  });
  return {
    url: databaseUrl(serverUrl, name),
    drop: () =>
      onDatabase(
        serverUrl,
        async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
      ),
  };
}

function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

/** A connection of a test's own, which ends it. */
export async function openClient(url: string): Promise<pg.Client> {
  // A transaction that a failed test leaves open would hold back the feed of every test on the server.
  const client = new pg.Client({ connectionString: url, idle_in_transaction_session_timeout: 60_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Does the work on a connection of its own. */
export async function onDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await openClient(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
