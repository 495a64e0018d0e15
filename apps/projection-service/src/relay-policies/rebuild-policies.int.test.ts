import { historyOf, UserStory, until, openClient } from '@postern/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Mode } from '@postern/contracts';
import { rebuild, verify } from '@postern/read-models';
import type pg from 'pg';
import { takeSnapshot } from '../testing/policy-snapshot-client.js';
import { PolicyStreamClient } from '../testing/policy-stream-client.js';
import { createWorld, type RunningApp, type World } from '../testing/projection-app.js';
import { relayPoliciesModel } from './relay-policies-model.js';

let world: World;
let service: RunningApp;
let relay: string;
let owner: pg.Client;

const app = new UserStory().registered('App@acme.example').restricted('203.0.113.0/24').mode('report-only');
const open = new UserStory().registered('open@acme.example');
const gone = new UserStory().registered('gone@acme.example').restricted('203.0.113.1').removed();
const heir = new UserStory().registered('gone@acme.example').renamed('heir@acme.example');
const many = historyOf(
  Array.from({ length: 400 }, (_, i) => ({ who: (i * 7) % 11, what: (i * 5) % 13, name: `n${(i * 3) % 8}` })),
);

beforeAll(async () => {
  world = await createWorld();
  await world.newTenant('acme');
  relay = await world.newKey('relay');
  for (const story of [app, open, gone, heir]) await world.append(story.history);
  await world.append(many);
  service = await world.start();
  owner = await openClient(world.database.url);
  await until(async () => (await service.app.inject('/health/ready')).statusCode === 200, 'readiness');
});
afterAll(async () => {
  await owner.end();
  await world.end();
});

const table = async () =>
  (await owner.query('SELECT * FROM projection.relay_policies ORDER BY 1, 2')).rows as unknown[];

async function rebuildPolicies(): Promise<number> {
  const lines: string[] = [];
  await rebuild(relayPoliciesModel, world.database, { resume: false }, (line) => lines.push(line));
  return Number(/relays are sent (\d+) changes/.exec(lines.join())?.[1]);
}

const differences = async () => (await verify(relayPoliciesModel, world.database, 10, () => undefined)).differences;

it('verify counts every row that differs, also of a read model with more rows than its journal, and names a few', async () => {
  const extra = 12_000;
  await owner.query(
    `INSERT INTO projection.relay_policies
     SELECT gen_random_uuid(), 'extra-' || n, 'acme', 'extra-' || n, 'enforce', NULL, false, '[]', 1, gen_random_uuid(), 1, true,
            '\\x0000000000000000', NULL FROM generate_series(1, $1::integer) n`,
    [extra],
  );
  try {
    const { compared, differences: named } = await verify(relayPoliciesModel, world.database, 10, () => undefined);
    // Each is not in the journal, and none of its username is sent to relays.
    expect(compared.map(({ differing }) => differing)).toEqual([2 * extra]);
    expect(named).toHaveLength(10);
  } finally {
    await owner.query(`DELETE FROM projection.relay_policies WHERE username_key LIKE 'extra-%'`);
  }
});

describe('a rebuild of the relay policies next to a running Postern', () => {
  it('changes no row that the live consumer made, and no revision', async () => {
    const before = await table();
    expect(before.length).toBeGreaterThan(10);
    expect(await differences()).toEqual([]);
    expect(await rebuildPolicies()).toBe(0);
    expect(await table()).toEqual(before);
  });

  it('corrects what is wrong, and sends relays only that: no reset, and revisions that rise', async () => {
    const before = await table();
    const { revision, policies } = await takeSnapshot(service.url, relay);
    const stream = await PolicyStreamClient.connect(service.url, relay, revision);
    await owner.query(`UPDATE projection.relay_policies SET mode = 'enforce' WHERE smtp_user_id = $1`, [
      app.smtpUserId,
    ]);
    await owner.query(`DELETE FROM projection.relay_policies WHERE smtp_user_id = $1`, [open.smtpUserId]);
    const { rows } = await owner.query<{ id: string }>(
      `
      INSERT INTO projection.relay_policies
      SELECT gen_random_uuid(), 'nobody', tenant_id, 'nobody', mode, enforce_at, restricted, entries, version, event_id, claimed_at,
             removed, '\\x0101010101010101', $2 FROM projection.relay_policies WHERE smtp_user_id = $1 RETURNING smtp_user_id AS id`,
      [app.smtpUserId, revision + 1],
    );
    await owner.query('UPDATE projection.relay_policy_totals SET revision = revision + 1, policies = 7');
    expect((await differences()).map(({ table: name, kind, key }) => `${name} ${kind} ${key}`).sort()).toEqual(
      [
        `relay_policies different ${app.smtpUserId} app@acme.example`,
        `relay_policies extra ${rows[0]?.id} nobody`,
        `relay_policies missing ${open.smtpUserId}`,
        'relay_policy_totals different totals',
      ].sort(),
    );

    expect(await rebuildPolicies()).toBe(3);
    await stream.until((client) => client.ids.includes(revision + 4), 'the last correction');
    stream.close();
    expect(stream.events.some((event) => event.event === 'reset')).toBe(false);
    const sent = new Map(stream.policies.map((policy) => [policy.username, policy]));
    const mode: Mode = 'report-only';
    expect(sent.get('App@acme.example')).toMatchObject({ mode, removed: false });
    expect(sent.get('open@acme.example')).toMatchObject({ restricted: false, removed: false });
    expect(sent.get('nobody')).toMatchObject({ removed: true, entries: [] });
    expect((await takeSnapshot(service.url, relay)).policies.length).toBe(policies.length);

    const strip = (some: unknown[]) => some.map((row) => ({ ...(row as object), revision: null }));
    const now = (await table()).filter((row) => (row as { username: string }).username !== 'nobody');
    expect(strip(now)).toEqual(strip(before));
    expect(await differences()).toEqual([]);
    // The tombstone is kept by the next one as it is.
    expect(await rebuildPolicies()).toBe(0);
    expect((await table()).length).toBe(before.length + 1);
  });

  it('lets the live consumer continue after it', async () => {
    const late = new UserStory().registered('late@acme.example').restricted('203.0.113.1');
    const rebuilt = rebuildPolicies();
    await world.append(late.history);
    await rebuilt;
    await until(async () => {
      const { policies } = await takeSnapshot(service.url, relay);
      return policies.some((policy) => policy.username === 'late@acme.example' && policy.restricted);
    }, 'the late policy');
    expect(await differences()).toEqual([]);
    expect(await rebuildPolicies()).toBe(0);
  });
});
