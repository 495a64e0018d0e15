import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { isUuid } from '@postern/contracts';
import type { LoginReport, SmtpUserId } from '@postern/contracts';
import { until } from '@postern/testing';
import { RelayClient } from '../relay-client.js';
import { Replica } from '../replica/replica.js';
import { completeSettings } from '../settings.js';
import type { RelayClientSettings } from '../settings.js';
import type { RelayProblem } from '../status.js';
import { TestControlPlane } from '../testing/control-plane.js';
import type { LoginBatch } from '../testing/control-plane.js';
import { lineOf, policy } from '../testing/policies.js';
import { LoginReporter } from './login-reporter.js';

const HOUR_MS = 3_600_000;
const NOON = Date.parse('2026-11-01T12:00:00.000Z');
const APP = '0198c0de-0000-7000-8000-000000000001' as SmtpUserId;
const FREE = '0198c0de-0000-7000-8000-000000000002' as SmtpUserId;

let plane: TestControlPlane;
let client: RelayClient;
let problems: RelayProblem[];
let clock: number;
/** Hours that have passed for everything that measures. */
let hours: number;

beforeEach(async () => {
  plane = new TestControlPlane();
  await plane.listen();
  plane.set(policy('app@acme.example', { mode: 'report-only' }));
  plane.set(policy('free@acme.example', { smtpUserId: FREE, restricted: false, entries: [] }));
  problems = [];
  clock = NOON + 1;
  hours = 0;
});

afterEach(async () => {
  await client.stop(100);
  await plane.kill();
});

async function started(settings: Partial<RelayClientSettings> = {}): Promise<void> {
  client = new RelayClient({
    urls: [plane.url],
    key: plane.key,
    relayName: 'mx1',
    reportLoginsEveryMs: 20,
    requestTimeoutMs: 30_000,
    retryBaseMs: 5,
    retryMaxMs: 20,
    refusedRetryMs: 20,
    clock: () => clock,
    elapsed: () => performance.now() + hours * HOUR_MS,
    onProblem: (problem) => void problems.push(problem),
    ...settings,
  });
  await client.start();
}

const login = (ip: string, username = 'free@acme.example'): unknown => client.decide(username, ip);
const reported = (logins: number): Promise<boolean> =>
  until(() => client.status().reportedLogins === logins, `${logins} logins are reported`);
const record = (ip: string, changes: Partial<LoginReport> = {}): LoginReport => ({
  smtpUserId: FREE,
  ip,
  hour: '2026-11-01T12:00:00.000Z',
  count: 1,
  entryId: null,
  relay: 'mx1',
  ...changes,
});
const received = (): LoginReport[] => [...plane.logins.values()].flat();
const codes = (): string[] => problems.map(({ code }) => code).filter((code) => code.startsWith('login'));
/** Postern has taken the batch, and the relay does not hear of it. */
const takenUnheard = (batch: LoginBatch, response: ServerResponse): void => {
  plane.logins.set(batch.batchId, batch.logins);
  response.destroy();
};
const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response
    .writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'application/problem+json' })
    .end(JSON.stringify(body));

describe('a relay reports the logins that it let through', () => {
  it('as one record for each known user, address and hour, also those that enforcing would have refused', async () => {
    await started({ unknownUser: 'allow' });
    plane.set(policy('strict@acme.example'));
    await until(() => client.peek('strict@acme.example', '198.51.100.7').decision === 'deny', 'the policy is there');
    login('203.0.113.9');
    login('::ffff:203.0.113.9', 'FREE@acme.example');
    login('2001:DB8::1');
    login('198.51.100.7', 'app@acme.example');
    // Neither of these is a login of a known user that was let through from an address.
    login('203.0.113.9', 'nobody@acme.example');
    login('198.51.100.7', 'strict@acme.example');
    login('oops');
    client.peek('free@acme.example', '203.0.113.10');
    await reported(4);
    expect(received()).toEqual([
      record('203.0.113.9', { count: 2 }),
      record('2001:db8::1'),
      record('198.51.100.7', { smtpUserId: APP }),
    ]);
    expect([...plane.logins.keys()].every(isUuid)).toBe(true);
    expect(client.status()).toMatchObject({ countedLogins: 4, reportedLogins: 4, droppedLogins: 0, unknownUsers: 1 });
  });

  it('of the user who had the username then, once it has passed to another', async () => {
    await started();
    login('203.0.113.9');
    plane.set(policy('free@acme.example', { smtpUserId: APP, restricted: false, entries: [] }));
    await until(() => client.status().revision === 3, 'the policy is there');
    login('203.0.113.9');
    await reported(2);
    expect(received()).toEqual([record('203.0.113.9'), record('203.0.113.9', { smtpUserId: APP })]);
  });

  it('in batches of at most a thousand', async () => {
    await started({ reportLoginsEveryMs: 500 });
    for (let i = 0; i < 800; i++) login(`10.0.${i >> 8}.${i & 255}`);
    for (let i = 0; i < 800; i++) login(`10.0.${i >> 8}.${i & 255}`, 'app@acme.example');
    await reported(1_600);
    // An empty one may have gone before them: the first report comes at a random time.
    const lengths = [...plane.logins.values()].map((batch) => batch.length);
    expect(lengths.filter((length) => length > 0)).toEqual([1_000, 600]);
  });

  it('by the hour in which they were', async () => {
    await started({ reportLoginsEveryMs: 60_000 });
    clock = NOON + HOUR_MS - 20;
    const { url, key } = plane;
    const reporter = new LoginReporter(completeSettings({ urls: [url], key, relayName: 'mx1', clock: () => clock }));
    const replica = new Replica();
    replica.apply(lineOf(policy('app@acme.example')));
    replica.decideCode('app@acme.example', '203.0.113.42');
    reporter.start();
    reporter.count(replica);
    clock = NOON + HOUR_MS;
    // The reporter's timer ends first: it has 20 ms, and began earlier.
    await setTimeout(30);
    reporter.count(replica);
    reporter.count(replica);
    await reporter.stop(60_000);
    const smtpUserId = APP;
    expect(received()).toEqual([
      record('203.0.113.42', { smtpUserId }),
      record('203.0.113.42', { smtpUserId, hour: '2026-11-01T13:00:00.000Z', count: 2 }),
    ]);
  });

  it('and without any an empty batch at its start, and one an hour', async () => {
    await started();
    await until(() => plane.logins.size === 1, 'the start is reported');
    hours = 1;
    await until(() => plane.logins.size === 2, 'the hour is reported');
    login('203.0.113.9');
    await reported(1);
    expect([...plane.logins.values()].map((batch) => batch.length)).toEqual([0, 0, 1]);
  });

  it('and of those that wait when it stops', async () => {
    await started({ reportLoginsEveryMs: 60_000 });
    login('203.0.113.9');
    await client.stop();
    expect(received()).toEqual([record('203.0.113.9')]);
    login('203.0.113.9');
    expect(client.status()).toMatchObject({ countedLogins: 1, reportedLogins: 1, droppedLogins: 0 });
  });

  it('unless they shall not be observed', async () => {
    await started({ observeLogins: false });
    login('203.0.113.9');
    await client.stop();
    expect(plane.requests.map(({ path }) => path)).not.toContain('/v1/relay/logins');
    expect(client.status()).toMatchObject({ countedLogins: 0, reportedLogins: 0, droppedLogins: 0 });
  });
});

describe('a report of logins that fails', () => {
  it('is sent again under its id, counts once, and what was counted meanwhile follows', async () => {
    const ids: string[] = [];
    plane.onLogins.push(
      (batch, response) => plane.keepLogins(batch, response),
      (batch, response) => {
        ids.push(batch.batchId);
        takenUnheard(batch, response);
      },
      (batch, response) => {
        ids.push(batch.batchId);
        login('203.0.113.9');
        login('203.0.113.10');
        json(response, 503, { code: 'not-ready' });
      },
      (batch, response) => {
        ids.push(batch.batchId);
        plane.keepLogins(batch, response);
      },
    );
    await started();
    await until(() => plane.logins.size === 1, 'the start is reported');
    login('203.0.113.9');
    await reported(3);
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
    expect(received()).toEqual([record('203.0.113.9'), record('203.0.113.9'), record('203.0.113.10')]);
    expect(codes()).toEqual(['logins-not-accepted']);
  });

  it.each<[string, (batch: LoginBatch, response: ServerResponse) => void]>([
    ['too few', (_, response) => json(response, 200, { accepted: 0, duplicate: false, rejected: 0 })],
    ['too many', (_, response) => json(response, 200, { accepted: 2, duplicate: false, rejected: 0 })],
    ['no counts', (_, response) => json(response, 200, { duplicate: false })],
    ['null', (_, response) => json(response, 200, null)],
    ['a page of a proxy', (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    ['a 413 of a proxy', (_, response) => void response.writeHead(413).end()],
    ['a 404', (_, response) => void response.writeHead(404).end()],
  ])('is sent again after %s', async (_, misbehave) => {
    plane.onLogins.push((batch, response) => plane.keepLogins(batch, response), misbehave, misbehave);
    await started();
    await until(() => plane.logins.size === 1, 'the start is reported');
    login('203.0.113.9');
    await reported(1);
    expect(received()).toEqual([record('203.0.113.9')]);
    expect(codes()).toEqual(['logins-not-accepted']);
  });

  it('is sent again at once with a new key', async () => {
    const { key } = plane;
    await started({ refusedRetryMs: 600_000 });
    await until(() => plane.logins.size === 1, 'the start is reported');
    plane.key = 'pst_relay_new';
    login('203.0.113.9');
    await until(() => codes().length === 1, 'the key is refused');
    expect(client.status()).toMatchObject({ countedLogins: 1, reportedLogins: 0 });
    client.setKey(plane.key);
    await reported(1);
    expect(key).not.toBe(plane.key);
  });

  it('delays no decision and no denial', async () => {
    plane.onLogins.push(() => undefined);
    plane.set(policy('strict@acme.example'));
    await started({ requestTimeoutMs: 600_000, flushIntervalMs: 5 });
    await until(() => plane.onLogins.length === 0, 'the report waits for its answer');
    login('203.0.113.9');
    login('198.51.100.7', 'strict@acme.example');
    await until(() => client.status().acknowledgedDenials === 1, 'the denial is acknowledged');
    expect(client.status()).toMatchObject({ countedLogins: 1, reportedLogins: 0 });
  });
});

describe('a login is dropped, counted and reported to the operator', () => {
  const away = (): void =>
    void plane.onLogins.push(...Array.from({ length: 10_000 }, () => (_: unknown, to: ServerResponse) => to.destroy()));

  it('where it is of one of too many addresses', async () => {
    await started();
    for (let i = 0; i < 1_200; i++) login(`10.0.${i >> 8}.${i & 255}`);
    await reported(1_000);
    await until(() => codes().length === 1, 'the drops are reported');
    expect(client.status()).toMatchObject({ countedLogins: 1_000, droppedLogins: 200 });
    expect(codes()).toEqual(['logins-dropped']);
  });

  it('where Postern did not take it for a day', async () => {
    await started();
    await until(() => plane.logins.size === 1, 'the start is reported');
    away();
    login('203.0.113.9');
    await until(() => codes().length === 1, 'it is not accepted');
    hours = 25;
    await until(() => client.status().droppedLogins === 1, 'it is dropped');
    plane.onLogins.length = 0;
    login('203.0.113.10');
    await reported(1);
    expect(received()).toEqual([record('203.0.113.10')]);
    expect(codes()).toContain('logins-dropped');
  });

  it('where Postern refuses its batch for good', async () => {
    plane.onLogins.push(
      (batch, response) => plane.keepLogins(batch, response),
      (_, response) => json(response, 422, { status: 422, code: 'validation-failed' }),
    );
    await started();
    await until(() => plane.logins.size === 1, 'the start is reported');
    login('203.0.113.9');
    await until(() => client.status().droppedLogins === 1, 'it is dropped');
    expect(codes()).toEqual(['logins-rejected']);
  });

  it('where it waits when the relay stops and Postern is away, which it tries once', async () => {
    await started({ reportLoginsEveryMs: 60_000 });
    login('203.0.113.9');
    away();
    await client.stop(60_000);
    expect(client.status()).toMatchObject({ countedLogins: 1, reportedLogins: 0, droppedLogins: 1 });
    expect(plane.onLogins).toHaveLength(9_999);
  });

  it('but not where Postern rejects a record of its batch, which it reports', async () => {
    plane.onLogins.push(
      (batch, response) => plane.keepLogins(batch, response),
      (_, response) => json(response, 200, { accepted: 0, duplicate: false, rejected: 1 }),
    );
    await started();
    await until(() => plane.logins.size === 1, 'the start is reported');
    login('203.0.113.9');
    await reported(1);
    expect(problems.filter(({ code }) => code === 'logins-rejected')).toEqual([
      { code: 'logins-rejected', detail: expect.stringContaining('rejected 1 of 1 login records') },
    ]);
  });
});
