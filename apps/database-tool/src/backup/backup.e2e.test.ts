import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@postern/embedded-postgres';
import { asking, startPosternProcess, type Ask, runCommand, until, openClient, createAcme } from '@postern/testing';

/** What a text format could stumble over: its separators, its escapes, its end, and what some readers take for a line break. */
const NOTE = 'tab\there, line\nbreak, back\\slash, \\. and \u2028 and Ü';

let folder: string;
let file: string;
let operatorKey: string;
let relayKey: string;
let before: Body[];
interface Body {
  readonly [name: string]: unknown;
}

const dataDir = (name: string) => join(folder, name);
const cli = (args: readonly string[], environment: Record<string, string>) =>
  runCommand('database-tool', args, { LANG: 'C.UTF-8', POSTERN_LOG_LEVEL: 'silent', ...environment });

/** Everything that a reader of a Postern sees of its tenant, and that the read models must have again. */
async function everything(ask: Ask): Promise<Body[]> {
  const users = await ask('GET', '/v1/tenants/acme/smtp-users?limit=500');
  const changes = await ask('GET', '/v1/tenants/acme/changes?limit=500');
  const denials = await ask('GET', '/v1/tenants/acme/denials?limit=500');
  const keys = await ask('GET', '/v1/tenants/acme/api-keys');
  // When a key was last used is written down some seconds later.
  const issued = itemsOf(keys.body as Body).map((key) => ({ ...key, lastUsedAt: null }));
  return [users.body as Body, changes.body as Body, denials.body as Body, { items: issued }];
}

const itemsOf = (body: Body | undefined) => (body?.['items'] ?? []) as readonly Body[];
const length = (body: Body | undefined) => itemsOf(body).length;
const isRestricted = (users: Body | undefined) => {
  const [user, ...others] = itemsOf(users);
  return others.length === 0 && (user?.['restriction'] as Body | undefined)?.['restricted'] === true;
};

/** Starts a Postern on what was restored, and looks whether it is the same and goes on. */
async function expectTheSame(environment: Record<string, string>): Promise<void> {
  const postern = await startPosternProcess(environment);
  try {
    const ask = asking(postern.url, operatorKey);
    expect(await everything(ask)).toEqual(before);
    const user = itemsOf(before[0])[0]?.['id'];
    const denial = {
      id: newId(),
      username: 'app@acme.example',
      ip: '198.51.100.8',
      occurredAt: new Date().toISOString(),
      relay: 'mx1',
      reason: 'ip-not-authorized',
      mode: 'enforce',
      count: 1,
    };
    const reported = await asking(postern.url, relayKey)('POST', '/v1/relay/auth-denials', { denials: [denial] });
    expect(reported.body).toMatchObject({ accepted: 1 });
    // It comes by the feed: behind all that was restored.
    const path = `/v1/tenants/acme/smtp-users/${user}/denials`;
    const denials = async () => length((await ask('GET', path)).body as Body);
    await until(denials, 'both denials on record', (count) => count === 2);
  } finally {
    await postern.end('SIGTERM');
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-backup-'));
  file = join(folder, 'postern.backup');
  const postern = await startPosternProcess({ POSTERN_DATA_DIR: dataDir('first') });
  operatorKey = postern.operatorKey ?? '';
  const { operator, admin, ...acme } = await createAcme(postern.url, operatorKey);
  ({ relayKey } = acme);
  const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'app@acme.example' })).body['id'];
  const entries = [{ range: '203.0.113.0/24', note: NOTE }, { range: '2001:db8::/64' }];
  await admin('POST', `/v1/tenants/acme/smtp-users/${String(user)}/restriction/entries`, { entries });
  await asking(postern.url, relayKey)('POST', '/v1/relay/decisions', {
    username: 'app@acme.example',
    ip: '198.51.100.7',
  });
  before = await until(
    () => everything(operator),
    'all on the read side',
    ([users, changes, denials]) => isRestricted(users) && length(changes) >= 4 && length(denials) === 1,
  );
  // While it runs.
  const made = await cli(['backup', file], { POSTERN_DATA_DIR: dataDir('first') });
  if (made.code !== 0 || !made.err.includes('audit.denials: 1 rows')) throw new Error(made.err);
  await postern.end('SIGTERM');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a backup', () => {
  it('can be read only by its owner, and overwrites nothing', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = await cli(['backup', file], { POSTERN_DATA_DIR: dataDir('first') });
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('exists already') });
  });

  it('is restored into a new embedded database, in which Postern accepts the keys that it had', async () => {
    const environment = { POSTERN_DATA_DIR: dataDir('second') };
    const restored = await cli(['restore', file], environment);
    expect(restored).toMatchObject({
      code: 0,
      err: expect.stringContaining('Every read model equals the journal'),
    });
    expect(restored.err).toMatch(/API keys: 3 work; operator keys among them: 1\. A backup does not have their texts/);
    expect(restored.err).toMatch(/Transaction ids: raising those of the cluster by \d+/);
    await expectTheSame(environment);
  });

  it('is restored into a PostgreSQL of one’s own, whose owner is another and no superuser', async () => {
    let server: EmbeddedPostgres | undefined;
    try {
      server = await startEmbeddedPostgres({ dataDir: dataDir('own') });
      const superuser = await openClient(server.url());
      await superuser.query(`CREATE ROLE boss LOGIN CREATEROLE PASSWORD 'of the boss'`);
      await superuser.query('CREATE DATABASE mail OWNER boss');
      await superuser.end();
      const url = new URL(server.url('mail'));
      url.username = 'boss';
      url.password = 'of the boss';
      const environment = { POSTERN_DATABASE_URL: url.toString(), POSTERN_DATA_DIR: dataDir('third') };
      expect(await cli(['restore', file], environment)).toMatchObject({
        code: 0,
        err: expect.stringContaining('Every read model equals the journal'),
      });
      await expectTheSame({ ...environment, POSTERN_OPERATOR_KEY: operatorKey });
      // Row-level security is as it was before.
      const owner = await openClient(url.toString());
      const { rows } = await owner.query(
        `SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
          WHERE nspname IN ('journal', 'access', 'projection', 'audit', 'logins') AND relrowsecurity AND NOT relforcerowsecurity`,
      );
      expect(rows).toEqual([]);
      await owner.end();
    } finally {
      await server?.stop();
    }
  });

  it('is not restored over anything', async () => {
    const refused = await cli(['restore', file], { POSTERN_DATA_DIR: dataDir('first') });
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('The database is not empty') });
  });

  it.each([
    ['cut off', async (path: string) => truncate(path, (await stat(path)).size - 100), 'damaged, cut off'],
    ['changed', async (path: string) => writeFile(path, flipped(await readFile(path))), 'Take another backup file'],
    ['of a later release', async (path: string) => writeFile(path, later(await readFile(path))), 'a later release'],
    ['none at all', async (path: string) => writeFile(path, 'no backup'), 'not a backup of Postern'],
  ])('that is %s is refused', async (_, damage, why) => {
    const copy = join(folder, 'damaged.backup');
    await writeFile(copy, await readFile(file));
    await damage(copy);
    const environment = { POSTERN_DATA_DIR: dataDir('damaged') };
    expect(await cli(['restore', copy], environment)).toMatchObject({ code: 2, err: expect.stringMatching(why) });
    // It was refused before anything was made for it.
    expect(existsSync(dataDir('damaged'))).toBe(false);
  });

  it('that was refused has left nothing: the same database still takes a good one', async () => {
    expect(await cli(['restore', file], { POSTERN_DATA_DIR: dataDir('damaged') })).toMatchObject({ code: 0 });
  });
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 1_000] = (copy[copy.length - 1_000] ?? 0) ^ 1;
  return copy;
}

function later(bytes: Buffer): Buffer {
  const text = gunzipSync(bytes).toString('utf8');
  return gzipSync(text.replace('"journal":["', '"journal":["Later9999999999999","'));
}
