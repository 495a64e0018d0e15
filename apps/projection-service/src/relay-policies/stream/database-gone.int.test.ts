import { UserStory, until, openClient } from '@postern/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { takeSnapshot } from '../../testing/policy-snapshot-client.js';
import { PolicyStreamClient } from '../../testing/policy-stream-client.js';
import { createWorld, type RunningApp, type World } from '../../testing/projection-app.js';

let world: World;
let service: RunningApp;
let key: string;
beforeAll(async () => {
  world = await createWorld();
  key = await world.newKey('relay');
  service = await world.start({ heartbeatMs: 100 });
});
afterAll(() => world.end());

/** Ends every session on the world's database and lets none in, or lets them in again. */
async function database(state: 'gone' | 'back'): Promise<void> {
  const url = new URL(world.database.url);
  const name = url.pathname.slice(1);
  url.pathname = '/postgres';
  const client = await openClient(url.toString());
  await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${state === 'back'}`);
  if (state === 'gone')
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  await client.end();
}

describe('while the database is gone', () => {
  it('streams stay open and beat; once it is back they go on, and lose nothing', async () => {
    const { revision } = await takeSnapshot(service.url, key);
    const client = await PolicyStreamClient.connect(service.url, key, revision);
    await client.until((c) => c.heartbeats.length > 0);

    await database('gone');
    const before = client.heartbeats.length;
    await client.until((c) => c.heartbeats.length > before + 5, 'heartbeats without a database');
    expect(client.ended).toBe(false);
    expect(
      (await fetch(`${service.url}/v1/relay/policies`, { headers: { authorization: `Bearer ${key}` } })).status,
    ).toBeGreaterThanOrEqual(500);
    await database('back');

    const story = new UserStory().registered('after@acme.example').restricted('203.0.113.1');
    await until(
      () =>
        world.append(story.history.slice(0, 1)).then(
          () => true,
          () => false,
        ),
      'the first append',
    );
    await world.append(story.history.slice(1));
    await client.until((c) => c.policies.some((policy) => policy.version === 2), 'the change');
    await client.until((c) => c.heartbeats.at(-1)?.revision === client.ids.at(-1), 'a heartbeat that knows of it');
    await until(async () => (await fetch(`${service.url}/health/ready`)).status === 200, 'readiness');
    client.close();
  });
});
