import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, type ApiKeyId, type Recorded, type SmtpUserEvent, type TenantId } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import type { TestDatabase } from '@postern/testing';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { openClient } from '@postern/testing';
import { auditDatabase } from '../../testing/audit-database.js';
import { ACTOR, METADATA, Person, recorded } from '../../testing/happenings.js';
import { changesConsumer } from './changes-consumer.js';

let database: TestDatabase;
let owner: pg.Client;
let audit: DataSource;
let consumer: ReturnType<typeof changesConsumer>;
let person: Person;
let position = 0;
beforeAll(async () => {
  database = await auditDatabase();
  owner = await openClient(database.url);
  audit = await openDataSource(database.url, 'postern_audit', { poolSize: 1 });
  consumer = changesConsumer(audit);
});
afterAll(async () => {
  await audit?.destroy();
  await owner?.end();
  await database?.drop();
});
beforeEach(() => {
  person = new Person('app@acme.example');
});

function story(...events: SmtpUserEvent[]): Recorded[] {
  return events.map((event, i) => recorded(person, event, ++position, i + 1) as Recorded);
}

async function deliver(events: readonly Recorded[]): Promise<void> {
  await consumer.handle({ events, advance: async () => undefined });
}

async function changes(): Promise<pg.QueryResultRow[]> {
  const { rows } = await owner.query(
    'SELECT version, type, username FROM audit.changes WHERE smtp_user_id = $1 ORDER BY position',
    [person.smtpUserId],
  );
  return rows;
}

async function storedUser(): Promise<unknown> {
  const { rows } = await owner.query(
    `SELECT username, removed, version, restricted, mode,
            (SELECT json_agg(entry ORDER BY position) FROM audit.entries WHERE smtp_user_id = u.id) AS entries
       FROM audit.smtp_users u WHERE id = $1`,
    [person.smtpUserId],
  );
  return rows[0];
}

describe('changes', () => {
  it('that come in a batch which is applied five times are recorded once, and the restriction is as after one', async () => {
    const events = story(
      person.registered(),
      person.allowed('203.0.113.0/24', '2001:db8::/64'),
      person.renamed('new@acme.example'),
    );
    for (let time = 0; time < 5; time++) await deliver(events);
    expect(await changes()).toEqual([
      { version: 1, type: 'SmtpUserRegistered', username: 'app@acme.example' },
      { version: 2, type: 'RestrictionAdded', username: 'app@acme.example' },
      { version: 3, type: 'SmtpUserRenamed', username: 'new@acme.example' },
    ]);
    expect(await storedUser()).toMatchObject({
      username: 'new@acme.example',
      removed: false,
      version: 3,
      restricted: true,
      mode: 'enforce',
      entries: [{ range: '203.0.113.0/24' }, { range: '2001:db8::/64' }],
    });
  });

  it('come out the same however they are cut into batches that overlap', async () => {
    const events = story(person.registered(), person.allowed('203.0.113.1'), person.renamed('b'), person.removed());
    for (let end = 1; end <= events.length; end++) await deliver(events.slice(Math.max(0, end - 3), end));
    expect((await changes()).map(({ version }) => version)).toEqual([1, 2, 3, 4]);
    expect(await storedUser()).toMatchObject({ username: 'b', removed: true, version: 4 });
  });

  it('are all refused if one before them is missing: nobody would notice a trail with a gap', async () => {
    const [first, , third] = story(person.registered(), person.allowed('203.0.113.1'), person.removed());
    await expect(deliver([first as Recorded, third as Recorded])).rejects.toThrow('only 1 were applied');
    expect(await changes()).toEqual([]);
  });

  it('remember every name that an SMTP user had, without case', async () => {
    await deliver(story(person.registered(), person.renamed('New@Acme.example')));
    const { rows } = await owner.query(
      'SELECT username_key FROM audit.usernames WHERE smtp_user_id = $1 ORDER BY username_key',
      [person.smtpUserId],
    );
    expect(rows).toEqual([{ username_key: 'app@acme.example' }, { username_key: 'new@acme.example' }]);
  });

  it('of API keys are recorded, and a revocation names the key that its event does not, also in another batch', async () => {
    const keyId = newId<ApiKeyId>();
    const tenantId = 'acme' as TenantId;
    const issued: Recorded = {
      xid: '900',
      position: ++position,
      tenantId,
      streamId: `api-key/${keyId}`,
      version: 1,
      eventId: newId(),
      type: 'ApiKeyIssued',
      schemaVersion: 1,
      data: { keyId, tenantId, role: 'admin', name: 'ci' },
      metadata: METADATA,
      recordedAt: '2026-11-20T08:00:00.000Z',
    };
    const revoked: Recorded = {
      ...issued,
      position: ++position,
      version: 2,
      eventId: newId(),
      type: 'ApiKeyRevoked',
      data: { keyId },
    };
    for (let time = 0; time < 2; time++) await deliver([issued]);
    for (let time = 0; time < 2; time++) await deliver([revoked]);
    const { rows } = await owner.query(`SELECT * FROM audit.changes WHERE data ->> 'keyId' = $1 ORDER BY position`, [
      keyId,
    ]);
    const key = { keyId, role: 'admin', name: 'ci' };
    const rest = {
      occurred_at: new Date(issued.recordedAt),
      smtp_user_id: null,
      tenant_id: 'acme',
      username: null,
      actor: ACTOR,
      request_id: 'request-1',
      actor_key_id: METADATA.actor.keyId,
      actor_name: METADATA.actor.name,
      state: null,
    };
    expect(rows).toEqual([
      {
        ...rest,
        position: String(issued.position),
        event_id: issued.eventId,
        version: 1,
        type: 'ApiKeyIssued',
        data: { keyId, tenantId: 'acme', role: 'admin', name: 'ci' },
        before: null,
        after: key,
      },
      {
        ...rest,
        position: String(revoked.position),
        event_id: revoked.eventId,
        version: 2,
        type: 'ApiKeyRevoked',
        data: { keyId },
        before: key,
        after: null,
      },
    ]);
    // In one batch, too; and one whose issue is not on record is a hole.
    const other = newId<ApiKeyId>();
    const again = { ...issued, streamId: `api-key/${other}`, eventId: newId(), position: ++position };
    const issuedAgain: Recorded = { ...again, data: { ...issued.data, keyId: other } };
    await deliver([issuedAgain, { ...revoked, eventId: newId(), position: ++position, data: { keyId: other } }]);
    await expect(
      deliver([{ ...revoked, eventId: newId(), position: ++position, data: { keyId: newId<ApiKeyId>() } }]),
    ).rejects.toThrow('only 0 were applied');
  });
});
