import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { pidIn, sendSignal, until } from '@postern/testing';
import { findEmbeddedPostgres, startEmbeddedPostgres } from './server.js';

let folder: string;
let dataDir: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-embedded-'));
  // Closed to the server's own account when the tests run as root: the checkout of a newcomer often is.
  await chmod(folder, 0o700);
  dataDir = join(folder, 'postgres');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Another process that runs the server and waits to be killed. */
async function startInAnotherProcess(): Promise<{ url: string; kill: () => Promise<void> }> {
  const built = pathToFileURL(join(process.cwd(), 'dist/libs/embedded-postgres/src/index.js')).href;
  const code = `const { startEmbeddedPostgres } = await import(${JSON.stringify(built)});
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} });
    console.log(server.url());
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: chunk.toString().trim(),
    kill: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

describe('the embedded PostgreSQL', () => {
  it('refuses a second Postern on the same folder, and takes over the server of a killed one, with all data', async () => {
    const other = await startInAnotherProcess();
    await query(other.url, 'CREATE TABLE t (n int); INSERT INTO t VALUES (1)');
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/Another Postern is running.*POSTERN_DATA_DIR/);

    await other.kill();
    expect(await query(other.url, 'SELECT n FROM t')).toEqual([{ n: 1 }]);

    const server = await startEmbeddedPostgres({ dataDir });
    expect(server.url()).toBe(other.url);
    expect(await query(server.url(), 'SELECT n FROM t')).toEqual([{ n: 1 }]);
    await server.stop();
    await expect(query(server.url(), 'SELECT 1')).rejects.toThrow(/ENOENT/);
  });

  it('listens on a socket in a private folder, and on no port', async () => {
    const server = await startEmbeddedPostgres({ dataDir });
    const folder = decodeURIComponent(new URL(server.url()).hostname);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await query(server.url(), 'SHOW listen_addresses')).toEqual([{ listen_addresses: '' }]);
    await server.stop();
  });

  it('reads no file that its own account may not read, also where the data lies below a closed folder', async () => {
    const secret = join(folder, 'secret');
    await writeFile(secret, 'a secret', { mode: 0o600 });
    const server = await startEmbeddedPostgres({ dataDir });
    const status = `SELECT pg_read_file('/proc/self/status') AS text`;
    const [{ text }] = (await query(server.url(), status)) as [{ text: string }];
    const capabilities = [...text.matchAll(/^Cap(?:Prm|Eff|Bnd|Amb):\s+([0-9a-f]+)$/gm)].map((match) => match[1]);
    if (process.getuid?.() === 0) {
      expect(capabilities).toEqual(['0', '0', '0', '0'].map((zero) => zero.padStart(16, '0')));
      await expect(query(server.url(), `SELECT pg_read_file('${secret}')`)).rejects.toThrow(/Permission denied/);
      await expect(query(server.url(), `SELECT pg_read_file('/etc/shadow')`)).rejects.toThrow(/Permission denied/);
    } else {
      expect(capabilities[1]).toBe('0'.repeat(16));
    }
    await server.stop();
  });

  it('does not connect in a folder that another user created with its name', async () => {
    const first = await startEmbeddedPostgres({ dataDir });
    const taken = decodeURIComponent(new URL(first.url()).hostname);
    await first.stop();
    // Readable for others, as a folder that another account has made would have to be to be of use to it.
    await mkdir(taken, { mode: 0o755 });
    await chmod(taken, 0o755);
    expect(await findEmbeddedPostgres(dataDir)).toBeNull();
    const second = await startEmbeddedPostgres({ dataDir });
    expect(decodeURIComponent(new URL(second.url()).hostname)).not.toBe(taken);
    await second.stop();
    await rm(taken, { recursive: true });
  });

  it('says what to do where its user id has no account', async () => {
    const built = pathToFileURL(join(process.cwd(), 'dist/libs/embedded-postgres/src/index.js')).href;
    const options = { dataDir: join(folder, 'nobody', 'postgres') };
    const code = `const { startEmbeddedPostgres } = await import(${JSON.stringify(built)});
      await startEmbeddedPostgres(${JSON.stringify(options)}).catch((error) => process.stdout.write(error.message));`;
    const line = ['--user', '--map-user=54321', process.execPath, '--input-type=module', '-e', code];
    const child = spawn('unshare', line, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] });
    expect(await text(child.stdout)).toBe(
      'PostgreSQL needs an account with a name, and user id 54321 has no entry in /etc/passwd. As root run `useradd --uid 54321 --no-create-home postern`, or start Postern as a user that has an entry.',
    );
  });

  it('starts again on the same socket, with what was committed, when its server is killed', async () => {
    const changes: [boolean, string][] = [];
    const server = await startEmbeddedPostgres({ dataDir, onChange: (...change) => changes.push(change) });
    await query(server.url(), 'INSERT INTO t VALUES (2)');
    sendSignal(await pidIn(join(dataDir, 'postmaster.pid')), 'SIGKILL');
    const answer = () => query(server.url(), 'SELECT n FROM t').catch(() => null);
    expect(await until(answer)).toEqual([{ n: 1 }, { n: 2 }]);
    await server.stop();
    expect(changes[0]).toEqual([false, 'The embedded PostgreSQL was lost. It is started again.']);
    expect(changes.at(-1)).toEqual([true, 'The embedded PostgreSQL runs again.']);
  });
});
