import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { commandDatabase, listOf, StartedService } from '../testing/started-service.js';

let database: TestDatabase;
let one: StartedService;
let two: StartedService;
let acme: string;
let relay: string;
let users = 0;
beforeAll(async () => {
  database = await commandDatabase();
  one = await StartedService.on(database.url);
  two = await StartedService.on(database.url, one.operatorKey);
  acme = await one.tenant('acme');
  relay = await one.key({ role: 'relay', name: 'mx1' });
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await database.drop();
});

const newUser = () => one.smtpUser(acme, 'acme', `user-${users++}@acme.example`);
const add = (service: StartedService, user: string, range: string, headers = {}) =>
  service.call('POST', `${user}/restriction/entries`, { key: acme, body: { entries: [{ range }] }, headers });
const off = (service: StartedService, user: string, id: unknown) =>
  service.call('DELETE', `${user}/restriction/entries/${String(id)}`, { key: acme });

describe('two processes on one database', () => {
  it('lose no update and leave no gap when both change one user at once', async () => {
    const user = await newUser();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => add(i % 2 ? one : two, user, `192.0.2.${i}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201));
    const events = await one.events(`smtp-user/${user.split('/').at(-1)}`);
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
  });

  it('do not delay another user’s change, however many changes of one user wait', async () => {
    const user = await newUser();
    const mode = (service: StartedService, i: number) =>
      service.call('PUT', `${user}/restriction/mode`, { key: acme, body: { mode: i % 2 ? 'enforce' : 'report-only' } });
    const many = Promise.all(Array.from({ length: 200 }, (_, i) => mode(one, i)));
    const others: number[] = [];
    for (let i = 0; i < 10; i++) others.push((await add(two, user, `192.0.2.${i}`)).status);
    expect((await many).filter(({ status }) => status !== 200)).toEqual([]);
    expect(others).toEqual(Array.from({ length: 10 }, () => 201));
  });

  it('never refuse by what one of them remembers from before', async () => {
    const user = await newUser();
    await add(one, user, '192.0.2.1');
    const { body } = await add(two, user, '192.0.2.2');
    const [first, second] = listOf(body['entries']);
    expect((await off(one, user, second?.['id'])).status).toBe(200);
    expect((await add(two, user, '192.0.2.2')).status).toBe(201);
    expect((await off(one, user, first?.['id'])).status).toBe(200);
    expect((await add(two, user, '192.0.2.1')).status).toBe(201);
    const cleared = await two.call('DELETE', `${user}/restriction`, { key: acme });
    expect((await one.call('DELETE', `${user}/restriction`, { key: acme })).body).toEqual(cleared.body);
  });

  it('judge If-Match by the journal’s version', async () => {
    const user = await newUser();
    await add(one, user, '192.0.2.1');
    await add(two, user, '192.0.2.2');
    expect((await add(one, user, '192.0.2.3', { 'if-match': '"2"' })).body).toMatchObject({ status: 412, version: 3 });
    expect((await add(one, user, '192.0.2.3', { 'if-match': '"3"' })).status).toBe(201);
    const both = await Promise.all([
      add(one, user, '192.0.2.4', { 'if-match': '"4"' }),
      add(two, user, '192.0.2.5', { 'if-match': '"4"' }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 412]);
    expect(both.find(({ status }) => status === 412)?.body).toMatchObject({ code: 'version-mismatch', version: 5 });
  });

  it('decide logins by what the other has just changed', async () => {
    const user = await newUser();
    const decide = async () => {
      const body = { username: `user-${users - 1}@acme.example`, ip: '192.0.2.1', dryRun: true };
      return (await one.call('POST', '/v1/relay/decisions', { key: relay, body })).body['reason'];
    };
    expect(await decide()).toBe('unrestricted');
    await add(two, user, '198.51.100.1');
    expect(await decide()).toBe('ip-not-authorized');
    await two.call('DELETE', user, { key: acme });
    expect(await decide()).toBe('smtp-user-unknown');
  });

  it('give a username to only one of them', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        (i % 2 ? one : two).call('POST', '/v1/tenants/acme/smtp-users', { key: acme, body: { username: 'one@x' } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  });
});
