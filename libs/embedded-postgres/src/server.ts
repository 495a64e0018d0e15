import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openCluster, OWNER, portInPidFile, startServer, stopServer, type Cluster } from './cluster.js';

export interface EmbeddedPostgresOptions {
  /** The cluster's folder; made if it is not there. */
  readonly dataDir: string;
  /** Where it listens on 127.0.0.1; a free one is taken where none is given. */
  readonly port?: number;
  /** Server settings (`postgresql.conf` names) on top of Postern's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told when the server was lost and has been started again, or could not be. */
  readonly onTrouble?: (message: string) => void;
}

export interface EmbeddedPostgres {
  /** The owner's connection URL for a database of this cluster. */
  url(database?: string): string;
  /** Ends sessions, writes a checkpoint and stops the server. */
  stop(): Promise<void>;
}

/** Held for as long as a Postern runs on the cluster: the server outlives a killed Postern, this lock does not. */
const IN_USE_LOCK = 8_025_001;
const RESTART_DELAYS_MS = [200, 500, 1_000, 2_000];

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // A socket's path is limited to 107 bytes, which a data folder can exceed.
  unix_socket_directories: '',
  max_connections: '120',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
};

/**
 * Starts a PostgreSQL on 127.0.0.1, or takes over the one that a killed Postern left running on this folder, and starts
 * it again on the same port whenever it is lost.
 * Throws an `Error` that says what to do when another Postern uses the folder, or when the server does not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(resolve(options.dataDir));
  const settings = { ...SETTINGS, ...options.settings };
  const leftOver = await portInPidFile(cluster.dataDir);
  const taken = leftOver === null ? null : await takeLease(cluster, leftOver);
  const port = taken && leftOver ? leftOver : (options.port ?? (await freePort()));
  const lease = taken ?? (await startAndLease(cluster, port, settings));

  const keeper = new Keeper(cluster, port, settings, options.onTrouble ?? (() => undefined));
  keeper.watch(lease);
  return { url: (database) => url(cluster, port, database), stop: () => keeper.stop() };
}

/**
 * The embedded PostgreSQL on which another Postern runs at this moment; null where none does. For a program that works beside it: it
 * takes no lease, and its connections end when that Postern ends. `dataDir` must hold a cluster.
 */
export async function findEmbeddedPostgres(dataDir: string): Promise<Pick<EmbeddedPostgres, 'url'> | null> {
  const cluster = await openCluster(resolve(dataDir));
  const port = await portInPidFile(cluster.dataDir);
  if (port === null) return null;
  const lease = await takeLease(cluster, port).catch((error: unknown) => {
    if (error instanceof ClusterInUse) return 'taken' as const;
    throw error;
  });
  if (lease === 'taken') return { url: (database) => url(cluster, port, database) };
  await lease?.end();
  return null;
}

/** Another process holds the lease of the cluster. */
export class ClusterInUse extends Error {
  override readonly name = 'ClusterInUse';
  constructor(dataDir: string) {
    super(
      `Another Postern is running on ${dataDir}, or its command line is at work there. Stop it, or set POSTERN_DATA_DIR to another folder.`,
    );
  }
}

/** Holds the lease, and starts the server again when it is lost. */
class Keeper {
  private lease: pg.Client | null = null;
  private stopping = false;
  private recovery: Promise<void> = Promise.resolve();

  constructor(
    private readonly cluster: Cluster,
    private readonly port: number,
    private readonly settings: Readonly<Record<string, string>>,
    private readonly onTrouble: (message: string) => void,
  ) {}

  watch(lease: pg.Client): void {
    this.lease = lease;
    lease.once('end', () => {
      if (!this.stopping) this.recovery = this.recover();
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.recovery;
    await this.lease?.end().catch(() => undefined);
    await stopServer(this.cluster);
  }

  private async recover(): Promise<void> {
    for (let attempt = 0; !this.stopping; attempt += 1) {
      await sleep(RESTART_DELAYS_MS[Math.min(attempt, RESTART_DELAYS_MS.length - 1)]);
      try {
        const lease =
          (await takeLease(this.cluster, this.port)) ?? (await startAndLease(this.cluster, this.port, this.settings));
        this.onTrouble('The embedded PostgreSQL was lost and runs again.');
        this.watch(lease);
        return;
      } catch (error) {
        this.onTrouble(error instanceof Error ? error.message : String(error));
      }
    }
  }
}

async function startAndLease(
  cluster: Cluster,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<pg.Client> {
  await startServer(cluster, { ...settings, port: String(port) });
  const lease = await takeLease(cluster, port);
  if (!lease) throw new Error(`PostgreSQL started on port ${port} but takes no connection; see ${cluster.logFile}`);
  return lease;
}

function url(cluster: Cluster, port: number, database = 'postgres'): string {
  return `postgresql://${OWNER}:${cluster.password}@127.0.0.1:${port}/${database}`;
}

/**
 * Connects and takes the lock, after making sure that it is this cluster: after a reboot another server may have the port.
 * Null when there is no such server; throws when another Postern holds the lock.
 */
async function takeLease(cluster: Cluster, port: number): Promise<pg.Client | null> {
  const client = new pg.Client({
    connectionString: url(cluster, port),
    connectionTimeoutMillis: 5_000,
    application_name: 'postern lease',
  });
  client.on('error', () => undefined);
  const connected = await client.connect().then(
    () => true,
    () => false,
  );
  if (!connected) return null;
  const { rows } = await client.query<{ data_directory: string; free: boolean }>(
    `SELECT current_setting('data_directory') AS data_directory, pg_try_advisory_lock($1) AS free`,
    [IN_USE_LOCK],
  );
  const [row] = rows;
  if (row?.data_directory === cluster.dataDir && row.free) return client;
  await client.end();
  if (row?.data_directory !== cluster.dataDir) return null;
  throw new ClusterInUse(cluster.dataDir);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}
