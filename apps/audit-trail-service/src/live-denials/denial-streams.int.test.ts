import { connect as connectTo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type AuthDenialEvent, type TenantId } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { AccessRows, until } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { insertDenials } from '../denials/record/insert-denials.js';
import { recordArrivals } from '../denials/record/record-arrivals.js';
import { denialRow, type DenialRow } from '../denials/record/denial-row.js';
import { NEVER } from '../retention/denial-retention.js';
import { AuditWorld } from '../testing/audit-world.js';
import { DenialStreamClient } from '../testing/denial-stream-client.js';
import { Person, recorded } from '../testing/happenings.js';
import { RESUMABLE_MS } from './stream-position.js';
import type { Denial } from '../denials/list-denials.js';

let world: AuditWorld;
let url: string;
let auditor: string;
let writer: DataSource;
const app = new Person('app@acme.example');
const cron = new Person('cron@acme.example');
const globexApp = new Person('app@globex.example', 'globex' as TenantId);
const open: DenialStreamClient[] = [];

beforeAll(async () => {
  world = await AuditWorld.create({}, { heartbeatMs: 100, maxClientsPerKey: 2, stalledMs: 1_000 });
  url = await world.listen();
  auditor = await world.key('auditor', 'acme');
  await world.key('auditor', 'globex');
  for (const person of [app, cron, globexApp]) await world.append(person, person.registered());
  await world.caughtUp();
  writer = await openDataSource(world.databaseUrl, 'postern_audit', { poolSize: 2 });
});
afterAll(async () => {
  for (const client of open) client.close();
  await writer?.destroy();
  await world?.end();
});

/** With a key of its own, so that the limit of a key is met by the test of it alone. */
async function connect({ path = '/denials/stream', key = '', id }: { path?: string; key?: string; id?: string } = {}) {
  const own = key === '' ? await world.key('auditor', 'acme') : key;
  const client = await DenialStreamClient.connect(`${url}/v1/tenants/acme${path}`, own, id);
  open.push(client);
  return client;
}
const connected = async (path?: string, id?: string) =>
  (await connect({ ...(path && { path }), ...(id && { id }) })).until(({ events }) => events.length > 0);
const ids = (...denials: AuthDenialEvent[]) => denials.map(({ data }) => data.denialId);
const ofUser = (person: Person) => `/smtp-users/${person.smtpUserId}/denials/stream`;

describe('GET …/denials/stream', () => {
  it('sends a denial as the list has it as soon as it is recorded, and heartbeats', async () => {
    const client = await connected();
    expect(client.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(client.response.headers.get('x-accel-buffering')).toBe('no');
    expect(client.events[0]).toEqual({
      event: 'heartbeat',
      id: expect.stringMatching(/^\d+-\d+-\d+$/),
      data: { at: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
    const denial = app.denied('203.0.113.9', { count: 7 });
    await world.happened(app, denial);
    await client.until(({ denials }) => denials.length > 0);
    const { body } = await world.get<{ items: Denial[] }>(auditor, '/v1/tenants/acme/denials');
    expect(client.events.find(({ event }) => event === 'denial')?.data).toEqual(body.items[0]);
    const heartbeats = client.events.filter(({ event }) => event === 'heartbeat').length;
    await client.until(({ events }) => events.filter(({ event }) => event === 'heartbeat').length > heartbeats + 1);
    client.close();
  });

  it('sends those of the tenant, or of one SMTP user, and no others', async () => {
    const [all, one] = [await connected(), await connected(ofUser(cron))];
    const denials = [app.denied('203.0.113.1'), cron.denied('203.0.113.2'), app.denied('203.0.113.3')] as const;
    await world.happened(globexApp, globexApp.denied('203.0.113.9'));
    await world.happened(app, denials[0]);
    await world.happened(cron, denials[1]);
    await world.happened(app, denials[2]);
    await all.until((client) => client.denials.length === 3);
    expect(all.denials).toEqual(ids(...denials));
    const last = cron.denied('203.0.113.4');
    await world.happened(cron, last);
    await one.until((client) => client.denials.length === 2);
    expect(one.denials).toEqual(ids(denials[1], last));
    for (const client of [all, one]) client.close();
  });

  it('resumes after any event without loss or repeat, also in the middle of one batch', async () => {
    const client = await connected();
    const many = Array.from({ length: 700 }, () => app.denied('203.0.113.1'));
    await world.append(app, ...many);
    const late = cron.denied('203.0.113.2', { occurredAt: '2026-01-01T00:00:00.000Z' });
    await world.happened(cron, late);
    await client.until(({ denials }) => denials.length === 701);
    expect(client.denials.toSorted()).toEqual(ids(...many, late).toSorted());
    client.close();
    const missed = app.denied('203.0.113.3');
    await world.happened(app, missed);
    const sent = client.events.filter(({ event }) => event === 'denial');
    for (const at of [0, 137, 499, 500, 700]) {
      const again = await connect({ id: sent[at]?.id ?? '' });
      await again.until(({ denials }) => denials.length === 701 - at);
      expect(again.denials).toEqual([...client.denials.slice(at + 1), missed.data.denialId]);
      again.close();
    }
    const heartbeat = client.events.find(({ event }) => event === 'heartbeat');
    const beginning = await connect({ id: heartbeat?.id ?? '' });
    await beginning.until(({ denials }) => denials.length === 702);
    expect(beginning.denials).toEqual([...client.denials, missed.data.denialId]);
    beginning.close();
  });

  it.each([
    ['x', 'last-event-id-malformed'],
    [`1-1-${Math.floor((Date.now() - RESUMABLE_MS) / 1_000) - 1}`, 'last-event-id-too-old'],
    [`999999-1-${Math.floor(Date.now() / 1_000)}`, 'last-event-id-ahead'],
  ])('says that it cannot resume from %s, and begins with now', async (id, reason) => {
    const client = await connected(undefined, id);
    expect(client.events[0]).toEqual({ event: 'reset', id: expect.stringMatching(/^\d+-\d+-\d+$/), data: { reason } });
    const denial = app.denied('203.0.113.1');
    await world.happened(app, denial);
    await client.until(({ denials }) => denials.length > 0);
    expect(client.denials).toEqual(ids(denial));
    client.close();
  });

  it('loses nothing of transactions that run at the same time: they get their numbers in the order of their commits', async () => {
    const client = await connected();
    const [first, second] = [app.denied('203.0.113.1'), app.denied('203.0.113.2')];
    await world.append(app, first, second);
    await client.until(({ denials }) => denials.length === 2);
    const rows = [first, second].map((event, i) => denialRow(recorded(app, event, i + 1)) as DenialRow);
    const early = writer.createQueryRunner();
    await early.startTransaction();
    await recordArrivals(early.manager, rows.slice(0, 1));
    const late = writer.transaction((manager) => recordArrivals(manager, rows.slice(1)));
    await until(
      () =>
        world.sql<{ waiting: boolean }>(
          `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted) AS waiting`,
        ),
      'the second transaction waits',
      ([row]) => row?.waiting === true,
    );
    await early.commitTransaction();
    await Promise.all([late, early.release()]);
    await client.until(({ denials }) => denials.length === 4);
    expect(client.denials.slice(2)).toEqual(ids(first, second));
    client.close();
  });

  it('ends when its key is revoked', async () => {
    const key = await world.key('auditor', 'acme');
    const client = await connect({ key });
    await client.until(({ events }) => events.length > 0);
    await new AccessRows(world.databaseUrl).revoke(key);
    await client.until(({ ended }) => ended);
  });

  it('refuses more streams than a key may have, and lets in another when one has left', async () => {
    const key = await world.key('auditor', 'acme');
    const clients = [await connect({ key }), await connect({ key, path: ofUser(app) })];
    const refused = await connect({ key });
    expect([refused.response.status, refused.response.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await refused.response.json()).toMatchObject({ code: 'too-many-requests' });
    clients[0]?.close();
    await until(
      () => connect({ key }),
      'a place',
      ({ response }) => response.status === 200,
    );
  });

  it('ends a stream whose client reads nothing', async () => {
    const from = (await connected()).events[0]?.id ?? '';
    // It is the only one that can be slow.
    for (const client of open) client.close();
    const metrics = async () => (await world.app.inject('/metrics')).payload;
    await until(metrics, 'the others have left', (payload) => /^postern_denial_stream_clients 0$/m.test(payload));
    await world.sql(
      `WITH written AS (
         INSERT INTO audit.denials (id, occurred_at, recorded_at, position, smtp_user_id, count, refused, tenant_id, username, ip, relay, reason, mode)
         SELECT gen_random_uuid(), now(), now(), n, $1, 1, true, 'acme', repeat('x', 200000), '192.0.2.1', 'mx1', 'ip-not-authorized', 'enforce'
           FROM generate_series(1, 100) n RETURNING smtp_user_id, occurred_at, id)
       INSERT INTO audit.denial_arrivals (tenant_id, smtp_user_ids, occurred_at, ids)
       SELECT 'acme', array_agg(smtp_user_id), array_agg(occurred_at), array_agg(id) FROM written`,
      [app.smtpUserId],
    );
    const key = await world.key('auditor', 'acme');
    const socket = connectTo(Number(new URL(url).port), '127.0.0.1').pause();
    socket.on('error', () => undefined);
    socket.write(
      `GET /v1/tenants/acme/denials/stream HTTP/1.1\r\nHost: reader\r\nAuthorization: Bearer ${key}\r\nLast-Event-ID: ${from}\r\n\r\n`,
    );
    const ended = 'postern_denial_streams_ended_total{reason="too-slow"} ';
    expect(await until(metrics, 'the stream has ended', (payload) => payload.includes(ended))).toContain(`${ended}1`);
    socket.destroy();
  });

  it('is not found for an SMTP user of another tenant, or an unknown one', async () => {
    for (const smtpUserId of [globexApp.smtpUserId, newId(), 'x']) {
      const { response } = await connect({ path: `/smtp-users/${smtpUserId}/denials/stream` });
      expect([response.status, await response.json()]).toEqual([
        404,
        expect.objectContaining({ code: 'smtp-user-not-found' }),
      ]);
    }
    const other = await DenialStreamClient.connect(`${url}/v1/tenants/globex/denials/stream`, auditor);
    expect([other.response.status, await other.response.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'tenant-not-found' }),
    ]);
  });

  it('gets of a batch only the denials that were not stored before', async () => {
    const [known, fresh] = [1, 2].map((n) => denialRow(recorded(app, app.denied('203.0.113.1'), n)) as DenialRow);
    const insert = (...rows: (DenialRow | undefined)[]) =>
      writer.transaction((manager) =>
        insertDenials(
          manager,
          rows.filter((row) => row !== undefined),
          { keptFrom: NEVER, droppedBefore: NEVER },
        ),
      );
    expect(await insert(known)).toEqual({ counted: 1, stored: [known] });
    expect(await insert(known, fresh)).toEqual({ counted: 1, stored: [fresh] });
  });
});
