import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type ApiKeyId, type Recorded, type TenantId } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { deliverPartitioned, seededRandom, type Random, type TestDatabase } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { changesConsumer } from '../changes/record/changes-consumer.js';
import { denialsConsumer } from '../denials/record/denials-consumer.js';
import { auditDatabase } from './audit-database.js';
import { METADATA, Person, recorded } from './happenings.js';

let databases: TestDatabase[];
let inOrder: DataSource;
let anyOrder: DataSource;
beforeAll(async () => {
  databases = [await auditDatabase(), await auditDatabase()];
  const [one, other] = databases;
  inOrder = await openDataSource(one?.url ?? '', 'postern_audit', { poolSize: 2 });
  anyOrder = await openDataSource(other?.url ?? '', 'postern_audit', { poolSize: 4 });
});
afterAll(async () => {
  await Promise.all([inOrder?.destroy(), anyOrder?.destroy()]);
  for (const database of databases) await database.drop();
});

let position = 0;

/** What 20 SMTP users did and suffered, and what happened to API keys, in the order of the journal. */
function story(seed: number): { readonly changes: Recorded[]; readonly denials: Recorded[] } {
  const random = seededRandom(seed);
  const people = Array.from({ length: 20 }, (_, i) => ({
    person: new Person(`user${i}@acme.example`),
    did: 0,
    denied: 0,
  }));
  const keys = new Set<ApiKeyId>();
  const [changes, denials]: [Recorded[], Recorded[]] = [[], []];
  for (let step = 0; step < 400; step++) {
    const who = people[random(people.length)];
    if (!who) continue;
    const { person } = who;
    const kind = random(6);
    if (kind < 3) {
      const event =
        who.did === 0
          ? person.registered()
          : kind === 0
            ? person.renamed(`name${step}@acme.example`)
            : person.allowed(`203.0.113.${step % 256}`);
      changes.push(recorded(person, event, ++position, ++who.did) as Recorded);
    } else if (kind < 5) {
      const event = person.denied(`198.51.100.${random(4)}`, { relay: `mx${random(3)}` });
      denials.push(recorded(person, event, ++position, ++who.denied) as Recorded);
    } else changes.push(keyEvent(keys, random));
  }
  return { changes, denials };
}

function keyEvent(keys: Set<ApiKeyId>, random: Random): Recorded {
  const revoked = random(2) === 0 ? [...keys][0] : undefined;
  const keyId = revoked ?? newId<ApiKeyId>();
  if (revoked) keys.delete(revoked);
  else keys.add(keyId);
  const event = revoked
    ? { type: 'ApiKeyRevoked', data: { keyId } }
    : { type: 'ApiKeyIssued', data: { keyId, role: 'admin', tenantId: 'acme' as TenantId, name: 'ci' } };
  return {
    ...event,
    position: ++position,
    tenantId: 'acme',
    streamId: `api-key/${keyId}`,
    version: revoked ? 2 : 1,
    eventId: newId(),
    schemaVersion: 1,
    metadata: METADATA,
    recordedAt: '2026-11-20T08:00:00.000Z',
  } as unknown as Recorded;
}

const TRAILS = [
  {
    name: 'changes',
    consumer: (on: DataSource) => changesConsumer(on),
    tables: [
      'SELECT * FROM audit.changes ORDER BY position',
      'SELECT * FROM audit.smtp_users ORDER BY id',
      'SELECT * FROM audit.entries ORDER BY smtp_user_id, position',
      'SELECT * FROM audit.usernames ORDER BY tenant_id, username_key, smtp_user_id',
    ],
  },
  {
    name: 'denials',
    consumer: (on: DataSource) => denialsConsumer(on),
    tables: [
      'SELECT * FROM audit.denials ORDER BY id',
      `SELECT smtp_user_id, tenant_id, ip, address, count, first_denied_at, last_denied_at, last_position,
              ARRAY(SELECT unnest(relays) ORDER BY 1) AS relays, reasons FROM audit.denied_ips ORDER BY smtp_user_id, ip`,
    ],
  },
] as const;

describe.each(TRAILS)('the trail of $name', ({ name, consumer, tables }) => {
  const write = (on: DataSource) => {
    const handler = consumer(on);
    return (events: readonly Recorded[]) => handler.handle({ events, advance: async () => undefined });
  };
  const rows = (of: DataSource) => Promise.all(tables.map((sql) => of.query(sql)));

  it.each([1, 2])(
    'has the same rows for the same events (seed %s): in order, or twice, in any partition order, with repeats, from the beginning again, by 12 and then 24 partitions',
    async (seed) => {
      const events = story(seed)[name];
      await write(inOrder)(events);
      const random = seededRandom(seed);
      for (let time = 0; time < 2; time++) {
        await deliverPartitioned(events, { before: 12, after: 24, random }, write(anyOrder));
        expect(await rows(anyOrder)).toEqual(await rows(inOrder));
      }
    },
  );

  it('is taken back by no consumer that read it before others wrote', async () => {
    const events = story(3)[name];
    await write(inOrder)(events);
    const parts = [1, 2, 3, 4].map((part) => events.slice(0, Math.ceil((events.length * part) / 4)));
    await Promise.all(parts.map(write(anyOrder)));
    expect(await rows(anyOrder)).toEqual(await rows(inOrder));
  });
});

it('changes refuse another event in a position of the journal that was recorded, or as a version that was applied', async () => {
  const { changes } = story(6);
  const consumer = changesConsumer(inOrder);
  const deliver = (...events: Recorded[]) => consumer.handle({ events, advance: async () => undefined });
  await deliver(...changes);
  const user = changes.findLast(({ streamId }) => streamId.startsWith('smtp-user/')) as Recorded;
  const key = changes.find(({ type }) => type === 'ApiKeyIssued') as Recorded;
  for (const conflict of [user, key])
    await expect(deliver({ ...conflict, eventId: newId() })).rejects.toMatchObject({ name: 'StreamConflict' });
});
