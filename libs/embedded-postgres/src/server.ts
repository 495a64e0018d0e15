import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { binaries } from './binaries.js';
import { serverAccount, type ServerAccount } from './server-account.js';

export interface EmbeddedPostgresOptions {
  /** The cluster's folder; made if it is not there. */
  readonly dataDir: string;
  /** Server settings (`postgresql.conf` names) on top of Postern's own. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** The owner's connection URL for a database of this cluster. */
  url(database?: string): string;
  /** Ends sessions, writes a checkpoint and stops the server. */
  stop(): Promise<void>;
}

const OWNER = 'postern_owner';
/** Held for as long as a Postern runs on the cluster: the server outlives a killed Postern, this lock does not. */
const IN_USE_LOCK = 8_025_001;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // A socket's path is limited to 107 bytes, which a data folder can exceed.
  unix_socket_directories: '',
  max_connections: '120',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
};

/**
 * Starts a PostgreSQL on 127.0.0.1, or takes over the one that a killed Postern left running on this folder.
 * Throws an `Error` that says what to do when another Postern uses the folder, or when the server does not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const account = await serverAccount();
  const cluster = { dataDir, account, passwordFile: `${dataDir}.password`, logFile: join(dataDir, 'server.log') };
  const password = existsSync(join(dataDir, 'PG_VERSION'))
    ? (await readFile(cluster.passwordFile, 'utf8')).trim()
    : await initialise(cluster);

  const url = (port: number, database = 'postgres') =>
    `postgresql://${OWNER}:${password}@127.0.0.1:${port}/${database}`;
  const leftOver = await runningPort(dataDir);
  let lease = leftOver === null ? null : await connectTo(url(leftOver), dataDir);
  let port = leftOver ?? 0;
  if (lease === null) {
    port = await freePort();
    await start(cluster, { ...SETTINGS, ...options.settings, port: String(port) });
    lease = await connectTo(url(port), dataDir);
    if (lease === null)
      throw new Error(`PostgreSQL started on port ${port} but takes no connection; see ${cluster.logFile}`);
  }
  const { rows } = await lease.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [IN_USE_LOCK]);
  if (rows[0]?.free !== true) {
    await lease.end();
    throw new Error(`Another Postern is running on ${dataDir}. Stop it, or set POSTERN_DATA_DIR to another folder.`);
  }
  return {
    url: (database) => url(port, database),
    stop: async () => {
      await lease.end().catch(() => undefined);
      await pgCtl(cluster, ['stop', '-m', 'fast', '-w', '-t', '60']);
    },
  };
}

interface Cluster {
  readonly dataDir: string;
  readonly account: ServerAccount;
  readonly passwordFile: string;
  readonly logFile: string;
}

async function initialise(cluster: Cluster): Promise<string> {
  const { dataDir, account, passwordFile } = cluster;
  const { initdb } = await binaries();
  const password = randomBytes(24).toString('base64url');
  // An initdb that was killed leaves a folder without PG_VERSION's companions: begin again.
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  if (account.ids) {
    await chown(dataDir, account.ids.uid, account.ids.gid);
    await chown(passwordFile, account.ids.uid, account.ids.gid);
  }
  await run(account, initdb, [
    `--pgdata=${dataDir}`,
    `--username=${OWNER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ]);
  return password;
}

async function start(cluster: Cluster, settings: Readonly<Record<string, string>>): Promise<void> {
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
  try {
    await pgCtl(cluster, ['start', '-w', '-t', '60', '-l', cluster.logFile, '-o', flags.join(' ')]);
  } catch (error) {
    const log = await readFile(cluster.logFile, 'utf8').catch(() => '');
    const tail = log.trimEnd().split('\n').slice(-5).join('\n');
    throw new Error(`The embedded PostgreSQL did not start. The end of ${cluster.logFile}:\n${tail}`, { cause: error });
  }
}

async function pgCtl(cluster: Cluster, args: readonly string[]): Promise<void> {
  const { pg_ctl } = await binaries();
  await run(cluster.account, pg_ctl, [...args, '-D', cluster.dataDir, '-s']);
}

function run(account: ServerAccount, program: string, args: readonly string[]): Promise<void> {
  const [command, ...rest] = [...account.prefix(program), program, ...args] as [string, ...string[]];
  return new Promise((done, fail) => {
    // From `/`: the server's account may not be able to enter the current folder.
    execFile(
      command,
      rest,
      { ...account.spawnOptions(program), cwd: '/', timeout: 120_000 },
      (error, stdout, stderr) => {
        if (error) fail(new Error(`${program} failed: ${stderr || stdout || error.message}`, { cause: error }));
        else done();
      },
    ).stdin?.end();
  });
}

/** The port in `postmaster.pid` (its fourth line), which a server that was killed leaves behind too. */
async function runningPort(dataDir: string): Promise<number | null> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const port = Number(text.split('\n')[3]);
  return Number.isInteger(port) && port > 0 ? port : null;
}

/** Connects, and makes sure that it is this cluster: after a reboot another server may have the port. */
async function connectTo(url: string, dataDir: string): Promise<pg.Client | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    if (rows[0]?.data_directory === dataDir) return client;
    await client.end();
    return null;
  } catch {
    await client.end().catch(() => undefined);
    return null;
  }
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
