import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Ask } from '@postern/testing';
import { startPostern, type StartedPostern } from './testing/started-postern.js';

let postern: StartedPostern;
let ask: Ask;

beforeAll(async () => {
  postern = await startPostern();
  ask = postern.operator;
});
afterAll(() => postern?.end());

describe('a body', () => {
  it.each(['application/x-www-form-urlencoded', 'text/plain', 'application/xml'])(
    'of the type %s is refused',
    async (type) => {
      const { status, body } = await ask('POST', '/v1/tenants', 'id=acme&name=Acme', { 'content-type': type });
      expect({ status, body }).toMatchObject({
        status: 415,
        body: {
          type: 'urn:postern:problem:media-type-unsupported',
          title: 'The media type is not supported',
          status: 415,
          detail: 'Send JSON, with Content-Type: application/json.',
          code: 'media-type-unsupported',
          errors: [],
        },
      });
    },
  );

  it('that is not JSON, or would change prototypes, is refused', async () => {
    for (const text of ['{"id":', '{"__proto__":{"x":1}}', 'nonsense']) {
      const { status, body } = await ask('POST', '/v1/tenants', text);
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'body-not-json' });
    }
  });

  it('that is named JSON but empty has every field missing', async () => {
    const { status, body } = await ask('POST', '/v1/tenants', '');
    expect({ status, code: body.code, first: body.errors[0]?.code }).toEqual({
      status: 422,
      code: 'validation-failed',
      first: 'field-missing',
    });
  });

  it('that is too long is refused, and the process continues', async () => {
    const { status, body } = await ask('POST', '/v1/tenants', JSON.stringify({ name: 'x'.repeat(1_100_000) }));
    expect({ status, code: body.code }).toEqual({ status: 413, code: 'body-too-large' });
    expect((await ask('POST', '/v1/tenants', { id: 'acme', name: 'Acme' })).status).toBe(201);
  });
});

describe('a path', () => {
  it.each(['UPPER', 'a'.repeat(64)])('with %s for a tenant is of no tenant', async (tenant) => {
    const { status, body } = await ask('GET', `/v1/tenants/${tenant}/smtp-users`);
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'tenant-not-found' });
  });
});
