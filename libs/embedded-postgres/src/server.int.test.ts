import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from './server.js';

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

async function untilAnswered(url: string): Promise<unknown[]> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const rows = await query(url, 'SELECT n FROM t').catch(() => null);
    if (rows) return rows;
    await sleep(100);
  }
  throw new Error('no answer within 10 s');
}

describe('the embedded PostgreSQL', () => {
  it('refuses a second Postern on the same folder, and takes over the server that a killed one left, with all data', async () => {
    const other = await startInAnotherProcess();
    await query(other.url, 'CREATE TABLE t (n int); INSERT INTO t VALUES (1)');
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/Another Postern is running.*POSTERN_DATA_DIR/);

    await other.kill();
    expect(await query(other.url, 'SELECT n FROM t')).toEqual([{ n: 1 }]);

    const server = await startEmbeddedPostgres({ dataDir });
    expect(server.url()).toBe(other.url);
    expect(await query(server.url(), 'SELECT n FROM t')).toEqual([{ n: 1 }]);
    await server.stop();
    await expect(query(server.url(), 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('starts again on the same port, with what was committed, when its server is killed', async () => {
    const told: string[] = [];
    const server = await startEmbeddedPostgres({ dataDir, onTrouble: (message) => told.push(message) });
    await query(server.url(), 'INSERT INTO t VALUES (2)');
    const pid = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    await sleep(50);
    expect(await untilAnswered(server.url())).toEqual([{ n: 1 }, { n: 2 }]);
    await server.stop();
    expect(told.at(-1)).toBe('The embedded PostgreSQL was lost and runs again.');
  });
});
