import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createWorld, type RunningApp, type World } from '../testing/projection-app.js';

let world: World;
let service: RunningApp;
beforeAll(async () => {
  world = await createWorld();
  service = await world.start();
});
afterAll(() => world.end());

const ask = (accept: string | undefined, remoteAddress = '203.0.113.9', headers: Record<string, string> = {}) =>
  service.app.inject({
    url: '/v1/my-ip',
    remoteAddress,
    headers: { ...headers, ...(accept === undefined ? {} : { accept }) },
  });

describe('GET /v1/my-ip', () => {
  it.each([undefined, '*/*', 'application/json', 'application/json, text/plain', 'text/html,*/*;q=0.8'])(
    'returns the caller’s address as JSON, without a key: Accept %j',
    async (accept) => {
      const answer = await ask(accept);
      expect([answer.statusCode, answer.json()]).toEqual([200, { ip: '203.0.113.9', family: 'IPv4' }]);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    },
  );

  it.each(['text/plain', 'TEXT/PLAIN; charset=utf-8', 'text/plain, application/json;q=0.5'])(
    'returns the bare address where text is asked for: Accept %j',
    async (accept) => {
      const answer = await ask(accept, '2001:db8::9');
      expect([answer.statusCode, answer.payload]).toEqual([200, '2001:db8::9']);
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    },
  );

  it('unmaps a mapped address, and trusts no proxy that is not listed', async () => {
    expect((await ask(undefined, '::ffff:203.0.113.9')).json()).toEqual({ ip: '203.0.113.9', family: 'IPv4' });
    const forged = await ask(undefined, '203.0.113.9', { 'x-forwarded-for': '198.51.100.1' });
    expect(forged.json()).toEqual({ ip: '203.0.113.9', family: 'IPv4' });
  });
});
