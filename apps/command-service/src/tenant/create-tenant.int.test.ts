import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, StartedService } from '../../testing/started-service.js';

let database: TestDatabase;
let service: StartedService;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
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
