import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase } from '@postern/testing';

/** Starts a built process that does not get far; resolves to its exit code and what it printed on standard error. */
async function startOf(app: string, environment: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const file = join(process.cwd(), 'dist', 'apps', app, 'src', 'main.js');
  const child = spawn(process.execPath, [file, ...args], {
    env: { PATH: process.env['PATH'], POSTERN_HTTP_PORT: '0', ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return [code, printed.trimEnd()];
}

const SERVICES = ['command-service', 'projection-service', 'audit-trail-service'];

describe('a program', () => {
  it.each(['standalone', 'supervisor', ...SERVICES, 'relay-agent', 'cli', 'database-tool'])(
    'that is called with what it does not recognise starts nothing: %s',
    async (app) => {
      expect(await startOf(app, {}, ['strat'])).toEqual([2, expect.stringMatching(/^error: .*\nTry: \S.* --help$/)]);
    },
  );

  it.each(['standalone', 'supervisor', 'relay-agent'])(
    'that is asked for help, or called with an unknown option, starts nothing: %s',
    async (app) => {
      expect(await startOf(app, {}, ['--help'])).toEqual([0, '']);
      expect(await startOf(app, {}, ['--prot'])).toEqual([2, expect.stringMatching(/^error: unknown option '--prot'/)]);
    },
  );
});

describe('a process that cannot start says why in one line', () => {
  it('a service without a database', async () => {
    for (const app of SERVICES)
      expect(await startOf(app, {})).toEqual([
        1,
        `POSTERN_DATABASE_URL must be set: the ${app} starts no database of its own. \`postern services\` starts one, and all services on it.`,
      ]);
  });

  it('a service on a database that nobody has prepared', async () => {
    const database = await createTestDatabase('nothing', async () => undefined);
    try {
      for (const app of SERVICES)
        expect(await startOf(app, { POSTERN_DATABASE_URL: database.url })).toEqual([
          1,
          'The schema "journal" is not there, or older than this program, or not for this login to see: start this release of Postern once, or run `postern migrate` with the owner’s POSTERN_DATABASE_URL. Either brings it up to date.',
        ]);
    } finally {
      await database.drop();
    }
  });

  it('a service whose database is not there', async () => {
    const [code, printed] = await startOf('projection-service', {
      POSTERN_DATABASE_URL: 'postgresql://postern_projection_service:secret-word@127.0.0.1:9/postern',
    });
    expect(code).toBe(1);
    expect(printed).toMatch(
      /^Cannot connect to PostgreSQL at 127\.0\.0\.1:9\/postern as postern_projection_service: .*ECONNREFUSED.*$/,
    );
    expect(printed).not.toContain('secret-word');
  });

  it('a supervisor that is asked for what it cannot do, and a migration without a database', async () => {
    expect(await startOf('supervisor', {}, ['--instances', '0'])).toEqual([
      2,
      expect.stringContaining("'--instances <number>' argument '0' is invalid. Give a whole number from 1 to 8."),
    ]);
    expect(await startOf('database-tool', { POSTERN_DATABASE_URL: '' }, ['migrate'])).toEqual([
      1,
      'Could not migrate: POSTERN_DATABASE_URL must be set, to the URL of the owner of the database.',
    ]);
  });

  it('a supervisor whose port is taken, before it starts anything', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-port-taken-'));
    const other = createServer().listen(0, '127.0.0.1');
    try {
      await once(other, 'listening');
      const port = String((other.address() as AddressInfo).port);
      expect(await startOf('supervisor', { POSTERN_HTTP_PORT: port, POSTERN_DATA_DIR: folder })).toEqual([
        1,
        `POSTERN_HTTP_PORT ${port} is taken on 127.0.0.1: set a free one, or 0 for any.`,
      ]);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      other.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
