import { UserStory, until, openClient } from '@postern/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrate } from '@postern/database';
import type pg from 'pg';
import { projectionSchema } from '../schema/projection-schema.js';
import { takeSnapshot } from '../testing/policy-snapshot-client.js';
import { PolicyStreamClient } from '../testing/policy-stream-client.js';
import { createWorld, type World } from '../testing/projection-app.js';

/** More than a batch, so that there is a time at which only the first users are there. */
const USERS = 2_100;

let world: World;
let owner: pg.Client;
let key: string;

beforeAll(async () => {
  world = await createWorld();
  key = await world.newKey('relay');
  const stories = Array.from({ length: USERS }, (_, i) => new UserStory().registered(`user-${i}@acme.example`));
  for (let i = 0; i < USERS; i += 100)
    await Promise.all(stories.slice(i, i + 100).map(({ history }) => world.append(history)));
  owner = await openClient(world.database.url);
  // The feed also waits for transactions of other databases of the server: else the first batch may have fewer than 2,000.
  await until(async () => (await eventsInFeed()) === USERS, 'the last event in the feed');
});
afterAll(async () => {
  await owner.end();
  await world.end();
});

async function eventsInFeed(): Promise<number | undefined> {
  const { rows } = await owner.query<{ events: number }>(
    'SELECT count(*)::integer AS events FROM journal.events WHERE xid < pg_snapshot_xmin(pg_current_snapshot())',
  );
  return rows[0]?.events;
}

const users = async () =>
  (await owner.query<{ users: number }>('SELECT count(*)::integer AS users FROM projection.relay_policies')).rows[0]
    ?.users;

describe('incomplete relay policies', () => {
  it('are sent to no relay: 503 with Retry-After until the consumer has caught up, also by a new process on half of them', async () => {
    // Stops the consumer behind its first batch, whichever process it runs in.
    await owner.query(`
      CREATE FUNCTION projection.hold() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF old.position > 0 THEN RAISE 'held by the test'; END IF; RETURN new; END $$;
      CREATE TRIGGER hold BEFORE UPDATE ON projection.checkpoints FOR EACH ROW EXECUTE FUNCTION projection.hold()`);
    for (const _ of ['the process that begins', 'the next one']) {
      const service = await world.start({}, 'at once');
      await until(async () => Number(await users()) > 0, 'the first batch');
      for (const path of ['policies', 'policies/stream']) {
        const answer = await fetch(`${service.url}/v1/relay/${path}`, {
          headers: { authorization: `Bearer ${key}`, 'last-event-id': '0' },
        });
        expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
        expect(await answer.json()).toMatchObject({ code: 'not-ready' });
      }
      await service.stop();
    }
    expect(await users()).toBe(2_000);

    await owner.query('DROP TRIGGER hold ON projection.checkpoints');
    const service = await world.start();
    expect((await takeSnapshot(service.url, key)).policies.length).toBe(USERS);
    await service.stop();
  });

  it('an ordinary restart serves at once, even while its consumer cannot work', async () => {
    await owner.query('BEGIN; SELECT FROM projection.relay_policy_totals FOR UPDATE');
    await world.append(new UserStory().registered('late@acme.example').history);
    const service = await world.start({}, 'at once');
    const { revision, policies } = await takeSnapshot(service.url, key);
    expect([revision, policies.length]).toEqual([USERS, USERS]);
    const stream = await PolicyStreamClient.connect(service.url, key, revision - 1);
    await stream.until((client) => client.ids.includes(revision), 'the last change');
    await owner.query('ROLLBACK');
    await stream.until((client) => client.policies.some(({ username }) => username === 'late@acme.example'));
    expect(stream.events.some((event) => event.event === 'reset')).toBe(false);
    stream.close();
    await service.stop();
  });

  it('after the schema was dropped and created again: relays wait until all policies are back', async () => {
    await owner.query('DROP SCHEMA projection CASCADE');
    await migrate(world.database.url, projectionSchema);
    await owner.query('BEGIN; SELECT FROM projection.relay_policy_totals FOR UPDATE');
    const service = await world.start({}, 'at once');
    const stream = await PolicyStreamClient.connect(service.url, key, USERS);
    expect(stream.response.status).toBe(503);
    await owner.query('ROLLBACK');
    await until(async () => (await takeSnapshot(service.url, key)).response.ok, 'the snapshot');
    expect((await takeSnapshot(service.url, key)).policies.length).toBe(USERS + 1);
  });
});
