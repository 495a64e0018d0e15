import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, StartedService } from '../../testing/started-service.js';

let database: TestDatabase;
let service: StartedService;
let relay: string;
let tenants = 0;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
  relay = await service.key({ role: 'relay', name: 'mx1' });
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const create = (body: unknown) => service.call('POST', '/v1/tenants', { key: service.operatorKey, body });

describe('creating a tenant', () => {
  it('answers the tenant, and puts it into the journal with who did it', async () => {
    const { status, body } = await create({ id: 'acme', name: 'Acme Ltd' });
    expect({ status, body }).toEqual({
      status: 201,
      body: { id: 'acme', name: 'Acme Ltd', createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) },
    });
    expect(await service.events('tenant/acme')).toEqual([
      {
        version: 1,
        type: 'TenantCreated',
        tenant_id: 'acme',
        data: { tenantId: 'acme', name: 'Acme Ltd' },
        metadata: {
          actor: { role: 'operator', keyId: expect.any(String), name: 'first start' },
          correlationId: expect.any(String),
          causationId: null,
        },
      },
    ]);
  });

  it('makes an id where none is given', async () => {
    const { status, body } = await create({ name: 'No id' });
    expect(status).toBe(201);
    expect(body['id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  it('refuses an id that is taken, also by many at once, of whom one wins', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => create({ id: 'wanted', name: 'Wanted' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    const late = await create({ id: 'wanted', name: 'Late' });
    expect(late.body).toEqual(problem(409, 'tenant-exists', 'The tenant wanted exists already.'));
    expect(await service.events('tenant/wanted')).toHaveLength(1);
  });

  it('names each wrong field', async () => {
    const { status, body } = await create({ id: '-Acme', name: ' ', colour: 'red' });
    expect(status).toBe(422);
    expect(body).toEqual(
      problem(422, 'validation-failed', '', [
        { pointer: '/id', code: 'validation-failed', detail: expect.any(String), suggestions: [] },
        { pointer: '/name', code: 'validation-failed', detail: 'This may not be blank.', suggestions: [] },
        { pointer: '/colour', code: 'field-unknown', detail: expect.any(String), suggestions: [] },
      ]),
    );
    const missing = await create({});
    expect(missing.body).toEqual(
      problem(422, 'validation-failed', '/name', [
        { pointer: '/name', code: 'field-missing', detail: 'This field is required.', suggestions: [] },
      ]),
    );
  });

  it.each([['\u0000'], ['\ud800'], ['a\nb']])(
    'refuses the name %j, which could not be stored or shown',
    async (name) => {
      expect((await create({ name })).status).toBe(422);
    },
  );

  it('is for operators', async () => {
    const admin = await service.tenant('others');
    const answer = await service.call('POST', '/v1/tenants', { key: admin, body: { id: 'mine', name: 'Mine' } });
    expect(answer.body).toEqual(problem(403, 'role-not-allowed', 'This needs a key of the role operator'));
    expect(await service.events('tenant/mine')).toEqual([]);
  });
});

const DEFAULT = { text: 'IP not authorized', helpUrl: null, opaque: false };
const OWN = { text: '{ip} may not log in', helpUrl: 'https://acme.example/smtp?id=1', opaque: false };

async function newTenant(id = `tenant-${tenants++}`) {
  const key = await service.tenant(id);
  const path = `/v1/tenants/${id}/reply`;
  return {
    id,
    key,
    set: (body: unknown, headers = {}) => service.call('PUT', path, { key, body, headers }),
    get: (by = key) => service.call('GET', path, { key: by }),
    events: () => service.events(`tenant/${id}`),
  };
}

async function restrictedUser(tenant: Awaited<ReturnType<typeof newTenant>>): Promise<string> {
  const username = `app@${tenant.id}.example`;
  const user = await service.smtpUser(tenant.key, tenant.id, username);
  const body = { entries: [{ range: '203.0.113.42' }] };
  await service.call('POST', `${user}/restriction/entries`, { key: tenant.key, body });
  return username;
}

const denied = async (username: string, ip: string) =>
  (await service.call('POST', '/v1/relay/decisions', { key: relay, body: { username, ip } })).body['reply'];

describe('what relays say to the client of a denied login', () => {
  it('is the default until the tenant sets it; then it is answered, read, and in the journal with who set it', async () => {
    const tenant = await newTenant();
    const before = await tenant.get();
    expect({ body: before.body, etag: before.headers['etag'] }).toEqual({ body: DEFAULT, etag: '"1"' });
    const { status, headers, body } = await tenant.set(OWN);
    expect({ status, etag: headers['etag'], version: headers['postern-version'], body }).toEqual({
      status: 200,
      etag: '"2"',
      version: '2',
      body: OWN,
    });
    const auditor = await service.key({ role: 'auditor', name: 'audit' }, tenant.id);
    for (const key of [tenant.key, auditor, service.operatorKey]) {
      const read = await tenant.get(key);
      expect({ body: read.body, etag: read.headers['etag'] }).toEqual({ body: OWN, etag: '"2"' });
    }
    expect((await tenant.events())[1]).toEqual({
      version: 2,
      type: 'TenantReplySet',
      tenant_id: tenant.id,
      data: { ...OWN, previous: DEFAULT },
      metadata: expect.objectContaining({
        actor: { role: 'admin', keyId: tenant.key.split('_')[2], name: `${tenant.id}'s admin` },
      }),
    });
  });

  it('changes nothing where it is set to what it is', async () => {
    const tenant = await newTenant();
    for (const version of ['1', '1']) expect((await tenant.set(DEFAULT)).headers['postern-version']).toBe(version);
    await tenant.set(OWN);
    expect((await tenant.set(OWN)).headers['postern-version']).toBe('2');
    expect(await tenant.events()).toHaveLength(2);
  });

  it('is set once by a request that is sent twice with one Idempotency-Key', async () => {
    const tenant = await newTenant();
    const once = { 'idempotency-key': 'once' };
    const answers = [await tenant.set(OWN, once), await tenant.set(OWN, once)];
    expect(answers.map(({ status, body, headers }) => [status, body, headers['idempotency-replayed']])).toEqual([
      [200, OWN, undefined],
      [200, OWN, 'true'],
    ]);
    expect((await tenant.set(DEFAULT, once)).body).toMatchObject({ code: 'idempotency-key-reused' });
    expect(await tenant.events()).toHaveLength(2);
  });

  it('is not overwritten where another one was read', async () => {
    const tenant = await newTenant();
    await tenant.set(OWN, { 'if-match': '"1"' });
    const late = await tenant.set(DEFAULT, { 'if-match': '"1"' });
    expect(late.body).toEqual(problem(412, 'version-mismatch', 'present version is 2', [], { version: 2 }));
    expect((await tenant.set(DEFAULT, { 'if-match': '"2"' })).status).toBe(200);
    expect((await tenant.set(OWN, { 'if-match': '2' })).body).toMatchObject({ code: 'validation-failed' });
  });

  it('is set by many requests at the same time, each with its own version', async () => {
    const tenant = await newTenant();
    const texts = Array.from({ length: 8 }, (_, i) => `text ${i}`);
    const answers = await Promise.all(texts.map((text) => tenant.set({ ...DEFAULT, text })));
    expect(answers.map(({ headers }) => Number(headers['postern-version'])).sort()).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    const events = await tenant.events();
    expect((await tenant.get()).body['text']).toBe(events.at(-1)?.data['text']);
    expect(events.slice(2).map(({ data }) => data['previous']?.['text'])).toEqual(
      events.slice(1, -1).map(({ data }) => data['text']),
    );
  });

  it.each([
    ['text', ''],
    ['text', '   '],
    ['text', 'x'.repeat(201)],
    ['text', 'two\r\nlines'],
    ['text', 'a\tb'],
    ['text', 'nicht zugelassen: ä'],
    ['text', '{address}'],
    ['text', '{ip'],
    ['text', '{ip} and {ip}'],
    ['text', 7],
    ['helpUrl', ''],
    ['helpUrl', 'acme.example/help'],
    ['helpUrl', 'javascript:alert(1)'],
    ['helpUrl', 'ftp://acme.example'],
    ['helpUrl', 'https://acme.example/a b'],
    ['helpUrl', 'https://acme.example/\r\n250 OK'],
    ['helpUrl', 'https://'],
    ['helpUrl', `https://acme.example/${'x'.repeat(180)}`],
    ['opaque', 'yes'],
    ['opaque', null],
  ])('has no %s %j', async (field, value) => {
    const tenant = await newTenant();
    const { body } = await tenant.set({ ...OWN, [field]: value });
    const wrong = { pointer: `/${field}`, code: 'validation-failed', detail: expect.any(String), suggestions: [] };
    expect(body).toMatchObject({ status: 422, code: 'validation-failed' });
    expect(body['errors']).toContainEqual(wrong);
    expect(await tenant.events()).toHaveLength(1);
  });

  it('is complete, with no field that is not known', async () => {
    const tenant = await newTenant();
    const { body } = await tenant.set({ texts: 'x' });
    const field = (name: string, code: string) => ({
      pointer: `/${name}`,
      code,
      detail: expect.any(String),
      suggestions: [],
    });
    expect(body['errors']).toEqual([
      field('text', 'field-missing'),
      field('helpUrl', 'field-missing'),
      field('opaque', 'field-missing'),
      field('texts', 'field-unknown'),
    ]);
  });

  it('is for the tenant’s admin to set, and for no relay to read', async () => {
    const tenant = await newTenant();
    const auditor = await service.key({ role: 'auditor', name: 'audit' }, tenant.id);
    for (const key of [auditor, service.operatorKey]) {
      const { body } = await service.call('PUT', `/v1/tenants/${tenant.id}/reply`, { key, body: OWN });
      expect(body).toEqual(problem(403, 'role-not-allowed', 'This needs a key of the role admin'));
    }
    const other = await newTenant();
    for (const key of [relay, other.key])
      expect((await tenant.get(key)).body).toEqual(problem(404, 'tenant-not-found', 'There is no such tenant'));
  });
});

describe('a login that the control plane denies', () => {
  it('gets its tenant’s reply from the next decision on, with the client’s address in it', async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    const [username, others] = [await restrictedUser(tenant), await restrictedUser(other)];
    const byDefault = { code: 535, enhanced: '5.7.1', text: 'IP not authorized' };
    expect(await denied(username, '198.51.100.7')).toEqual(byDefault);
    await tenant.set(OWN);
    const link = 'https://acme.example/smtp?id=1';
    for (const [ip, shown] of [
      ['198.51.100.7', '198.51.100.7'],
      ['::ffff:198.51.100.7', '198.51.100.7'],
      ['2001:DB8:0:0::1', '2001:db8::1'],
      ['1.2.3.4\r\n250 OK', 'unknown'],
    ] as const)
      expect(await denied(username, ip)).toEqual({
        code: 535,
        enhanced: '5.7.1',
        text: `${shown} may not log in ${link}`,
      });
    expect(await denied(others, '198.51.100.7')).toEqual(byDefault);
    await tenant.set({ ...OWN, opaque: true });
    expect(await denied(username, '198.51.100.7')).toEqual({
      code: 535,
      enhanced: '5.7.8',
      text: 'Authentication failed',
    });
    await tenant.set(DEFAULT);
    expect(await denied(username, '198.51.100.7')).toEqual(byDefault);
  });

  it('gets the reply of the tenant that owns the username now', async () => {
    const [first, second] = [await newTenant(), await newTenant()];
    const username = await restrictedUser(first);
    await first.set({ ...DEFAULT, text: 'by the first' });
    const { body } = await service.call('POST', '/v1/relay/decisions', {
      key: relay,
      body: { username, ip: '198.51.100.7', dryRun: true },
    });
    expect(body['reply']?.['text']).toBe('by the first');
    const [user] = await service.sql<{ smtp_user_id: string }>(
      'SELECT smtp_user_id FROM access.usernames WHERE username_key = $1',
      [username],
    );
    await service.call('DELETE', `/v1/tenants/${first.id}/smtp-users/${user?.smtp_user_id}`, { key: first.key });
    const taken = await service.smtpUser(second.key, second.id, username);
    const entries = { entries: [{ range: '203.0.113.42' }] };
    await service.call('POST', `${taken}/restriction/entries`, { key: second.key, body: entries });
    expect(await denied(username, '198.51.100.7')).toMatchObject({ text: 'IP not authorized' });
  });
});
