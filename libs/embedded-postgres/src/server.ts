import { rmdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from '@postern/async';
import pg from 'pg';
import { openCluster, OWNER, startServer, stopServer, type Cluster } from './cluster.js';
import { findSocketFolder, makeSocketFolder } from './socket-folder.js';

export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** `message` is a sentence. Also called when a restart fails. */
  readonly onChange?: (running: boolean, message: string) => void;
}

export interface EmbeddedPostgres {
  url(database?: string): string;
  stop(): Promise<void>;
}

/** The server survives a killed Postern, this lock does not. */
const IN_USE_LOCK = 8_025_001;
const SOCKET_PORT = 5432;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  max_connections: '120',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
};

/**
 * Listens on a Unix socket in a private folder: no other user can connect, or listen instead of the server to get the password. Takes over a
 * server that a killed Postern left running. Restarts a lost server on the same socket.
 * @throws an `Error` that says what to do if another Postern uses the folder, or the server does not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, settings, onChange = () => undefined } = options;
  const cluster = await openCluster(resolve(dataDir));
  const folder = await makeSocketFolder(cluster);
  const stopping = new AbortController();
  let recovery = Promise.resolve();
  const start = async (): Promise<pg.Client> => {
    const lease = (await takeLease(cluster, folder)) ?? (await startAndLease(cluster, folder, settings));
    lease.once('end', () => {
      if (stopping.signal.aborted) return;
      onChange(false, 'The embedded PostgreSQL was lost. It is started again.');
      recovery = recover();
    });
    return lease;
  };
  const recover = async (): Promise<void> => {
    const backoff = new Backoff(200, 2_000);
    for (;;) {
      await sleep(backoff.nextMs(), undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        lease = await start();
        return onChange(true, 'The embedded PostgreSQL runs again.');
      } catch (error) {
        onChange(false, error instanceof Error ? error.message : String(error));
      }
    }
  };
  let lease = await start();
  return {
    url: (database) => url(cluster, folder, database),
    stop: async () => {
      stopping.abort();
      await recovery;
      await lease.end().catch(() => undefined);
      await stopServer(cluster);
      await rmdir(folder).catch(() => undefined);
    },
  };
}

/** Null if no Postern is running. Does not lock the cluster: its connections end with that Postern. */
export async function findEmbeddedPostgres(dataDir: string): Promise<Pick<EmbeddedPostgres, 'url'> | null> {
  const cluster = await openCluster(resolve(dataDir));
  const folder = await findSocketFolder(cluster);
  if (folder === null) return null;
  const lease = await takeLease(cluster, folder).catch((error: unknown) => {
    if (error instanceof ClusterInUse) return 'taken' as const;
    throw error;
  });
  if (lease === 'taken') return { url: (database) => url(cluster, folder, database) };
  await lease?.end();
  return null;
}

class ClusterInUse extends Error {
  override readonly name = 'ClusterInUse';
  readonly permanent = false;
  constructor(dataDir: string) {
    super(
      `Another Postern is running on ${dataDir}, or its command line is at work there. Stop it, or set POSTERN_DATA_DIR to another folder.`,
    );
  }
}

async function startAndLease(
  cluster: Cluster,
  folder: string,
  settings: EmbeddedPostgresOptions['settings'],
): Promise<pg.Client> {
  await startServer(cluster, folder, { ...SETTINGS, ...settings, port: String(SOCKET_PORT) });
  const lease = await takeLease(cluster, folder);
  if (!lease) throw new Error(`PostgreSQL started in ${folder} but accepts no connection; see ${cluster.logFile}`);
  return lease;
}

function url(cluster: Cluster, folder: string, database = 'postgres'): string {
  return `postgresql://${OWNER}:${cluster.password}@${encodeURIComponent(folder)}:${SOCKET_PORT}/${database}`;
}

/** Null if the server does not exist any more. @throws if another Postern has the lock. */
async function takeLease(cluster: Cluster, folder: string): Promise<pg.Client | null> {
  const client = new pg.Client({
    connectionString: url(cluster, folder),
    connectionTimeoutMillis: 5_000,
    application_name: 'postern lease',
  });
  client.on('error', () => undefined);
  const connected = await client.connect().then(
    () => true,
    () => false,
  );
  if (!connected) return null;
  const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [IN_USE_LOCK]);
  if (rows[0]?.free) return client;
  await client.end();
  throw new ClusterInUse(cluster.dataDir);
}
