import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Mode } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { takeSnapshot, until } from '../../testing/policy-snapshot-client.js';
import { PolicyStreamClient } from '../../testing/policy-stream-client.js';
import { createWorld, type RunningApp, type World } from '../../testing/projection-app.js';
import { historyOf, UserStory } from '../../testing/smtp-user-histories.js';
import { rebuildPolicies } from './rebuild-policies.js';

let world: World;
let service: RunningApp;
let relay: string;
let feed: DataSource;
let projection: DataSource;
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
  feed = await openDataSource(world.database.url, 'postern_feed', { poolSize: 1 });
  projection = await openDataSource(world.database.url, 'postern_projection', { poolSize: 1 });
  owner = new pg.Client({ connectionString: world.database.url });
  await owner.connect();
  await until(async () => (await service.app.inject('/health/ready')).statusCode === 200, 'readiness');
});
afterAll(async () => {
  await owner.end();
  for (const each of [feed, projection]) await each.destroy();
  await world.end();
});

const table = async () =>
  (await owner.query('SELECT * FROM projection.relay_policies ORDER BY 1, 2')).rows as unknown[];

describe('a rebuild of the relay policies beside a running Postern', () => {
  it('finds what the live consumer made equal to the journal, and changes nothing', async () => {
    const before = await table();
    expect(await rebuildPolicies(feed, projection)).toMatchObject({ replaced: 0, told: 0 });
    expect(await table()).toEqual(before);
  });

  it('puts right what is wrong, and tells relays that alone: no reset, and revisions that rise', async () => {
    const before = await table();
    const { revision, policies } = await takeSnapshot(service.url, relay);
    const stream = await PolicyStreamClient.connect(service.url, relay, revision);
    await owner.query(`UPDATE projection.relay_policies SET mode = 'enforce' WHERE smtp_user_id = $1`, [
      app.smtpUserId,
    ]);
    await owner.query(`DELETE FROM projection.relay_policies WHERE smtp_user_id = $1`, [open.smtpUserId]);
    await owner.query(
      `
      INSERT INTO projection.relay_policies
      SELECT gen_random_uuid(), 'nobody', tenant_id, 'nobody', mode, restricted, entries, entry_ids, version, event_id, claimed_at,
             removed, '\\x0101010101010101', $2 FROM projection.relay_policies WHERE smtp_user_id = $1`,
      [app.smtpUserId, revision + 1],
    );
    await owner.query('UPDATE projection.relay_policy_totals SET revision = revision + 1, policies = 7');

    expect(await rebuildPolicies(feed, projection)).toMatchObject({ replaced: 3, told: 3, policies: policies.length });
    await stream.until((client) => client.ids.includes(revision + 4), 'the last correction');
    stream.close();
    expect(stream.events.some((event) => event.event === 'reset')).toBe(false);
    const told = new Map(stream.policies.map((policy) => [policy.username, policy]));
    const mode: Mode = 'report-only';
    expect(told.get('App@acme.example')).toMatchObject({ mode, removed: false });
    expect(told.get('open@acme.example')).toMatchObject({ restricted: false, removed: false });
    expect(told.get('nobody')).toMatchObject({ removed: true, entries: [] });

    const strip = (rows: unknown[]) => rows.map((row) => ({ ...(row as object), revision: null }));
    const now = (await table()).filter((row) => (row as { username: string }).username !== 'nobody');
    expect(strip(now)).toEqual(strip(before));
    expect(await rebuildPolicies(feed, projection)).toMatchObject({ replaced: 0, told: 0 });
  });

  it('leaves the live consumer to go on behind it', async () => {
    const late = new UserStory().registered('late@acme.example').restricted('203.0.113.1');
    const rebuilt = rebuildPolicies(feed, projection);
    await world.append(late.history);
    await rebuilt;
    await until(async () => {
      const { policies } = await takeSnapshot(service.url, relay);
      return policies.some((policy) => policy.username === 'late@acme.example' && policy.restricted);
    }, 'the late policy');
    expect(await rebuildPolicies(feed, projection)).toMatchObject({ replaced: 0 });
  });

  it('killed before it commits, has changed nothing; run again, it does all', async () => {
    await owner.query(`UPDATE projection.relay_policies SET version = version - 1 WHERE smtp_user_id = $1`, [
      app.smtpUserId,
    ]);
    const before = await table();
    await owner.query('BEGIN');
    await owner.query('SELECT FROM projection.relay_policies WHERE smtp_user_id = $1 FOR UPDATE', [app.smtpUserId]);
    const killed = rebuildPolicies(feed, projection).catch((error: unknown) => error);
    const busy = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                     AND query LIKE '%INSERT INTO projection.relay_policies%' AND usename = 'postern_projection'`;
    let pid: number | undefined;
    await until(async () => {
      // Within a transaction the view is read once, else.
      await owner.query('SELECT pg_stat_clear_snapshot()');
      return (pid = (await owner.query<{ pid: number }>(busy)).rows[0]?.pid) !== undefined;
    }, 'the last step');
    await owner.query('SELECT pg_terminate_backend($1)', [pid]);
    expect(await killed).toBeInstanceOf(Error);
    await owner.query('COMMIT');
    expect(await table()).toEqual(before);
    expect(await rebuildPolicies(feed, projection)).toMatchObject({ replaced: 1 });
  });
});
