import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RequestMethod, type Type } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { newId } from '@postern/contracts';
import { roleUrl, type DatabaseRole } from '@postern/database';
import { asking, askingSignedIn, type Ask, until, openClient } from '@postern/testing';
import { StandaloneModule } from './standalone.module.js';
import { startPostern, type StartedPostern } from './testing/started-postern.js';

/** Every role that acts for one tenant at a time. */
const TENANT_ROLES: readonly DatabaseRole[] = [
  'postern_command',
  'postern_directory_reader',
  'postern_audit_reader',
  'postern_logins_reader',
];
/** Columns that say whose a row is. */
const TENANT_COLUMN = 'tenant_id';
/** Tables whose tenant is that of the key. */
const OF_A_KEY = /^access\.(?:sessions|sign_in_codes|idempotency_keys)$/;
/** Tables of the schemas without a tenant's data, and why. */
const WITHOUT_TENANT =
  /^(?:\w+\.(?:migrations|checkpoints|dead_letters)|audit\.denial_retention|access\.(?:processes|relays)|logins\.(?:batches|reporters)|journal\.(?:identity|republishes)|projection\.relay_policy_(?:totals|publication))$/;

let postern: StartedPostern;
let operator: Ask;
let victim: { ask: Ask; userId: string; entryId: string; keyId: string };
let stranger: Ask;
/** The same by a session. */
let strangersBrowser: Ask;
let routes: { method: string; path: string }[];

beforeAll(async () => {
  postern = await startPostern({}, (settings) => ({
    module: class Root {},
    imports: [StandaloneModule.forRoot(settings), DiscoveryModule],
  }));
  ({ operator } = postern);
  const { url } = postern;
  const adminOf = async (tenant: string) => {
    await operator('POST', '/v1/tenants', { id: tenant, name: tenant });
    const issued = await operator('POST', `/v1/tenants/${tenant}/api-keys`, { role: 'admin', name: `${tenant} admin` });
    return { ask: asking(url, issued.body.key), keyId: issued.body.id as string, key: issued.body.key as string };
  };
  const { ask, keyId } = await adminOf('victim');
  const user = (await ask('POST', '/v1/tenants/victim/smtp-users', { username: 'app@victim.example' })).body;
  const restriction = `/v1/tenants/victim/smtp-users/${user.id}/restriction`;
  const { body } = await ask('POST', `${restriction}/entries`, { entries: [{ range: '192.0.2.1' }] });
  const relayKey = (await operator('POST', '/v1/api-keys', { role: 'relay', name: 'mx1' })).body.key;
  await asking(url, relayKey)('POST', '/v1/relay/decisions', { username: 'app@victim.example', ip: '198.51.100.1' });
  victim = { ask, keyId, userId: user.id, entryId: body.entries[0].id };
  for (const list of ['denials', 'changes', 'smtp-users'])
    await until(async () => (await ask('GET', `/v1/tenants/victim/${list}`)).body.items.length > 0, list);
  const login = {
    smtpUserId: user.id,
    ip: '192.0.2.1',
    hour: new Date().toISOString(),
    count: 1,
    entryId: null,
    relay: 'mx1',
  };
  await asking(url, relayKey)('POST', '/v1/relay/logins', { batchId: newId(), logins: [login] });
  const other = await adminOf('stranger');
  stranger = other.ask;
  strangersBrowser = await askingSignedIn(url, other.key);
  routes = routesOf(postern.app);
});

afterAll(() => postern?.end());

/** What Nest itself knows of its controllers: a route that is added tomorrow is walked tomorrow. */
function routesOf(from: NestFastifyApplication): { method: string; path: string }[] {
  const controllers = from.get(DiscoveryService).getControllers();
  return controllers.flatMap(({ metatype }) => {
    const type = metatype as Type | null;
    if (!type) return [];
    return new MetadataScanner().getAllMethodNames(type.prototype).flatMap((name) => {
      const handler = type.prototype[name];
      const method = Reflect.getMetadata('method', handler) as RequestMethod | undefined;
      if (method === undefined) return [];
      const bases = [Reflect.getMetadata('path', type)].flat() as string[];
      const paths = [Reflect.getMetadata('path', handler)].flat() as string[];
      return bases.flatMap((base) =>
        paths.map((path) => ({
          method: RequestMethod[method],
          path: `/${base}/${path}`.replaceAll(/\/+/g, '/').replace(/(?<=.)\/$/, ''),
        })),
      );
    });
  });
}

async function rows<T extends object>(url: string, sql: string, tenant?: string): Promise<T[]> {
  const client = await openClient(url);
  try {
    if (tenant) await client.query(`SELECT set_config('postern.tenant_id', $1, false)`, [tenant]);
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

const allTables = () =>
  rows<{ name: string; tenanted: boolean; forced: boolean }>(
    postern.databaseUrl,
    `SELECT n.nspname || '.' || c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
            EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = '${TENANT_COLUMN}' AND NOT a.attisdropped) AS tenanted
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('journal', 'access', 'projection', 'audit', 'logins') ORDER BY 1`,
  );

describe("a tenant's data", () => {
  it('is in tables that all force row-level security; each other table is known to have none', async () => {
    const tables = (await allTables()).map((table) => ({
      ...table,
      tenanted: table.tenanted || OF_A_KEY.test(table.name),
    }));
    expect(tables.length).toBeGreaterThan(8);
    expect(tables.filter((table) => table.tenanted && !table.forced)).toEqual([]);
    expect(tables.filter((table) => !table.tenanted && !WITHOUT_TENANT.test(table.name))).toEqual([]);
  });

  it('is reached by roles that can neither bypass row-level security nor own a table', async () => {
    const roles = await rows<{ rolname: string }>(
      postern.databaseUrl,
      `SELECT rolname FROM pg_roles WHERE rolname LIKE 'postern\\_%' AND rolname <> current_user
          AND (rolbypassrls OR rolsuper OR rolcreaterole OR rolcreatedb
               OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = pg_roles.oid))`,
    );
    expect(roles).toEqual([]);
  });

  it.each(TENANT_ROLES)(
    'is out of the reach of %s acting for another tenant, in every table, even without a WHERE',
    async (role) => {
      const readable = await rows<{ name: string }>(
        postern.databaseUrl,
        `SELECT DISTINCT table_schema || '.' || table_name AS name FROM information_schema.column_privileges
        WHERE grantee = '${role}' AND privilege_type = 'SELECT' AND column_name = '${TENANT_COLUMN}'`,
      );
      expect(readable.length).toBeGreaterThan(0);
      let seen = 0;
      for (const { name } of readable) {
        const count = async (tenant?: string) => {
          const sql = `SELECT count(${TENANT_COLUMN})::int AS n FROM ${name}`;
          return (await rows<{ n: number }>(roleUrl(postern.databaseUrl, role), sql, tenant))[0]?.n ?? -1;
        };
        const whose = `SELECT count(*)::int AS n FROM ${name} WHERE ${TENANT_COLUMN} = 'victim'`;
        expect({ name, stranger: await count('nobody'), noTenant: await count() }).toEqual({
          name,
          stranger: 0,
          noTenant: 0,
        });
        const own = await count('victim');
        expect({ name, own }).toEqual({ name, own: (await rows<{ n: number }>(postern.databaseUrl, whose))[0]?.n });
        seen += own;
      }
      expect(seen).toBeGreaterThan(0);
    },
  );

  it.each([
    ['key', () => stranger],
    ['session', () => strangersBrowser],
  ])(
    'is refused on every route to the %s of another tenant, as if it were not there, and nothing is written',
    async (_, asks) => {
      const before = await rows<{ n: number }>(postern.databaseUrl, 'SELECT count(*)::int AS n FROM journal.events');
      const walked = routes.filter((route) => route.path.includes(':tenantId'));
      expect(walked.length).toBeGreaterThan(15);
      for (const { method, path } of walked) {
        const filled = path
          .replace(':tenantId', 'victim')
          .replace(':smtpUserId', victim.userId)
          .replace(':entryId', victim.entryId)
          .replace(':keyId', victim.keyId);
        expect(filled).not.toContain(':');
        const body = method === 'GET' || method === 'DELETE' ? undefined : {};
        const answer = await asks()(method, filled, body);
        expect({ method, path, status: answer.status, code: answer.body.code }).toEqual({
          method,
          path,
          status: 404,
          code: 'tenant-not-found',
        });
        expect(JSON.stringify(answer.body)).not.toMatch(/app@victim|192\.0\.2\.1|198\.51\.100\.1/);
      }
      expect(await rows(postern.databaseUrl, 'SELECT count(*)::int AS n FROM journal.events')).toEqual(before);
    },
  );

  it("is not reached by a user's, an entry's or a key's id under the stranger's own tenant", async () => {
    for (const { method, path } of routes.filter((route) => /:tenantId\/.*:(smtpUserId|keyId)/.test(route.path))) {
      const filled = path
        .replace(':tenantId', 'stranger')
        .replace(':smtpUserId', victim.userId)
        .replace(':entryId', victim.entryId)
        .replace(':keyId', victim.keyId);
      const query = path.endsWith('/check') ? '?ip=192.0.2.1' : '';
      // A list is replaced only by who says which version it replaces.
      const headers = method === 'PUT' ? { 'if-match': '*' } : {};
      const answer = await stranger(method, filled + query, bodyFor(method, path), headers);
      expect({ method, path, status: answer.status }).toEqual({ method, path, status: 404 });
      expect(answer.body.code).toMatch(/-not-found$/);
    }
  });

  it('is not reached by a route without a tenant: those are for operators and relays, or public', async () => {
    for (const { method, path } of routes.filter((route) => !route.path.includes(':tenantId'))) {
      const answer = await stranger(method, path.replace(':keyId', victim.keyId), method === 'POST' ? {} : undefined);
      // Who holds a key may ask what it is, and sign in with it.
      const open = /^\/($|health|metrics|openapi\.json|docs|v1\/my-ip|v1\/whoami|v1\/session$|v1\/sign-in-links)/.test(
        path,
      );
      expect({ method, path, refused: answer.status === 403 }).toEqual({ method, path, refused: !open });
    }
  });

  it('is unchanged for its owner', async () => {
    const { status, body } = await victim.ask('GET', `/v1/tenants/victim/smtp-users/${victim.userId}/restriction`);
    expect(status).toBe(200);
    expect(body.entries).toMatchObject([{ id: victim.entryId, range: '192.0.2.1' }]);
  });
});

/** A body that passes validation, so that the refusal is about whose it is. */
function bodyFor(method: string, path: string): unknown {
  if (method === 'GET' || method === 'DELETE') return undefined;
  if (path.endsWith('/mode')) return { mode: 'enforce' };
  if (method === 'PATCH') return { username: 'other@stranger.example' };
  return { entries: [{ range: '203.0.113.1' }] };
}
