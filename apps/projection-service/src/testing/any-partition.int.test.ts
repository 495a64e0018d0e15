import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Recorded, SmtpUserEvent } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { deliverPartitioned, seededRandom, type TestDatabase, historyOf, recorded } from '@postern/testing';
import type { DataSource, EntityManager } from 'typeorm';
import { applyPolicies } from '../relay-policies/project/apply-policies.js';
import { directoryModel } from '../smtp-user-directory/directory-model.js';
import { migratedDatabase } from './migrated-database.js';

type Events = readonly Recorded<SmtpUserEvent>[];

let databases: TestDatabase[];
let inOrder: DataSource;
let anyOrder: DataSource;
beforeAll(async () => {
  databases = [await migratedDatabase(), await migratedDatabase()];
  const [one, other] = databases;
  inOrder = await openDataSource(one?.url ?? '', 'postern_projection', { poolSize: 2 });
  anyOrder = await openDataSource(other?.url ?? '', 'postern_projection', { poolSize: 4 });
});
afterAll(async () => {
  await Promise.all([inOrder?.destroy(), anyOrder?.destroy()]);
  for (const database of databases) await database.drop();
});

/** Users who take usernames from each other, with all that can happen to a restriction. */
function ofUsers(seed: number): Events {
  const random = seededRandom(seed);
  return recorded(
    historyOf(Array.from({ length: 500 }, () => ({ who: random(25), what: random(12), name: `name${random(20)}` }))),
    position,
  );
}

let position = 1;

type Apply = (manager: EntityManager, events: Events) => Promise<void>;

const MODELS = [
  {
    name: 'relay policies',
    apply: applyPolicies as Apply,
    rows: `SELECT p.smtp_user_id, p.username_key, p.tenant_id, p.username, p.mode, p.restricted, p.entries::text, p.version,
                  p.event_id, p.claimed_at, p.removed, p.digest, p.revision IS NOT NULL AS sent, t.policies, t.digest AS all_digest
             FROM projection.relay_policies p, LATERAL (SELECT policies, digest FROM projection.relay_policy_totals) t ORDER BY 1, 2`,
  },
  {
    name: 'directory',
    apply: directoryModel.write as Apply,
    rows: `SELECT u.*, (SELECT json_agg(e ORDER BY position) FROM projection.entries e WHERE smtp_user_id = u.id) AS entries
             FROM projection.smtp_users u ORDER BY id`,
  },
] as const;

describe.each(MODELS)('the $name', ({ apply, rows }) => {
  const write = (to: DataSource, events: Events) =>
    to.transaction(async (manager: EntityManager) => apply(manager, events));

  it.each([1, 2, 3])(
    'have the same rows for the same events (seed %s): in order, or twice, in any partition order, with repeats, from the beginning again, by 12 and then 24 partitions',
    async (seed) => {
      const events = ofUsers(seed);
      position += events.length;
      for (let i = 0; i < events.length; i += 50) await write(inOrder, events.slice(i, i + 50));
      const random = seededRandom(seed);
      for (let time = 0; time < 2; time++) {
        await deliverPartitioned(events, { before: 12, after: 24, random }, (batch) =>
          write(anyOrder, batch as Events),
        );
        expect(await anyOrder.query(rows)).toEqual(await inOrder.query(rows));
      }
    },
  );

  it('are taken back by no consumer that read them before others wrote', async () => {
    const events = ofUsers(4);
    position += events.length;
    await write(inOrder, events);
    // Each has read the rows before any of the others has written, and some begin further on than others.
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map((part) => write(anyOrder, events.slice(0, Math.ceil((events.length * part) / 4)))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'fulfilled'));
    expect(await anyOrder.query(rows)).toEqual(await inOrder.query(rows));
  });

  it('refuse another event as a version that was applied, and apply none of its batch', async () => {
    const events = ofUsers(5);
    position += events.length;
    await write(anyOrder, events);
    const before = await anyOrder.query(rows);
    const last = events.at(-1) as Events[number];
    const other = { ...last, eventId: '0198c0de-0000-7000-8000-00000000000a' };
    await expect(write(anyOrder, [other])).rejects.toMatchObject({ name: 'StreamConflict' });
    expect(await anyOrder.query(rows)).toEqual(before);
    await write(inOrder, events);
  });
});
