import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@postern/embedded-postgres';
import { DATABASE_ROLES, ensureRoles, roleUrl } from './index.js';
import { withSession } from './session.js';

/** Roles belong to a complete cluster: this one is the test's own. */
let folder: string;
let server: EmbeddedPostgres;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-owner-'));
  server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  await withSession(server.url(), async (client) => {
    await client.query(`CREATE ROLE postern_boss LOGIN CREATEROLE PASSWORD 'first'`);
    await client.query('CREATE DATABASE postern OWNER postern_boss');
  });
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

function bossUrl(password: string): string {
  const url = new URL(server.url('postern'));
  url.username = 'postern_boss';
  url.password = password;
  return url.toString();
}

async function loggedIn(ownerUrl: string): Promise<string[]> {
  const names: string[] = [];
  for (const role of DATABASE_ROLES) {
    await withSession(roleUrl(ownerUrl, role), async (client) => {
      const { rows } = await client.query<{ name: string }>('SELECT current_user AS name');
      names.push(...rows.map(({ name }) => name));
    }).catch(() => undefined);
  }
  return names;
}

describe('an owner who is not a superuser', () => {
  it('learns which right is missing where it may not create roles', async () => {
    await withSession(server.url(), (client) => client.query('ALTER ROLE postern_boss NOCREATEROLE'));
    await expect(ensureRoles(bossUrl('first'))).rejects.toThrow('ALTER ROLE postern_boss CREATEROLE');
    await withSession(server.url(), (client) => client.query('ALTER ROLE postern_boss CREATEROLE'));
  });

  it('creates the roles, and changes their passwords after the owner’s has changed, so that the next start works', async () => {
    await ensureRoles(bossUrl('first'));
    expect(await loggedIn(bossUrl('first'))).toEqual([...DATABASE_ROLES]);

    await withSession(bossUrl('first'), (client) => client.query(`ALTER ROLE postern_boss PASSWORD 'second'`));
    expect(await loggedIn(bossUrl('second'))).toEqual([]);
    await ensureRoles(bossUrl('second'));
    expect(await loggedIn(bossUrl('second'))).toEqual([...DATABASE_ROLES]);
    expect(await loggedIn(bossUrl('first'))).toEqual([]);
  });

  it('learns what to do where a superuser created the roles, whose passwords it may not change', async () => {
    await withSession(server.url(), async (client) => {
      await client.query(`CREATE ROLE other_boss LOGIN CREATEROLE PASSWORD 'first'`);
    });
    const url = new URL(bossUrl('first'));
    url.username = 'other_boss';
    await expect(ensureRoles(url.toString())).rejects.toThrow(
      /other_boss may not change the role postern_journal_writer.*GRANT postern_journal_writer TO other_boss WITH ADMIN OPTION/s,
    );
  });
});
