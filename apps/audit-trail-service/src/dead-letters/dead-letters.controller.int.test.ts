import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, type Recorded } from '@postern/contracts';
import { asking, type Ask } from '@postern/testing';
import { AuditWorld } from '../testing/audit-world.js';
import { Person, recorded } from '../testing/happenings.js';

let world: AuditWorld;
let url: string;
let operatorKey: string;
let operator: Ask;
beforeAll(async () => {
  world = await AuditWorld.create();
  url = await world.listen();
  operatorKey = await world.key('operator');
  operator = asking(url, operatorKey);
});
beforeEach(() => world.sql('DELETE FROM audit.dead_letters'));
afterAll(() => world?.end());

const PATH = '/v1/dead-letters';
const TIME = expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/);

async function deadLetter(columns: { event?: Recorded; value?: Buffer; minutesAgo?: number }): Promise<string> {
  const { event = null, value = null, minutesAgo = 0 } = columns;
  const id = event?.eventId ?? newId();
  await world.sql(
    `INSERT INTO audit.dead_letters (id, consumer, topic, partition, "offset", reason, event, value, dead_lettered_at)
     VALUES ($1, 'audit-denials', 'postern.auth-denials.v1', 3, 41, 'It was of later.', $2, $3,
             clock_timestamp() - $4 * interval '1 minute')`,
    [id, event, value, minutesAgo],
  );
  return id;
}

/** A denial that today's reader can read. */
const denial = () => {
  const person = new Person('app@acme.example');
  return recorded(person, person.denied('203.0.113.9'), 1) as Recorded;
};
const garbage = { value: Buffer.from([0xff, 0x00]) };

const waiting = (id: string) => ({
  id,
  consumer: 'audit-denials',
  topic: 'postern.auth-denials.v1',
  partition: 3,
  offset: 41,
  tenantId: null,
  reason: 'It was of later.',
  state: 'waiting',
  deadLetteredAt: TIME,
  retriedAt: null,
  retries: 0,
  lastAction: null,
});
/** By the API, of the operator. */
const action = (name: 'retry' | 'discard', requestId: string) => ({
  action: name,
  at: TIME,
  actor: { role: 'operator', keyId: operatorKey.split('_')[2], name: 'operator' },
  requestId,
  machineUser: null,
});

describe('dead letters by the API', () => {
  it('are listed, those that wait longest first, and all with ?state=all', async () => {
    const [young, old] = [await deadLetter(garbage), await deadLetter({ ...garbage, minutesAgo: 5 })];
    const done = await deadLetter({ event: denial(), minutesAgo: 9 });
    await operator('POST', `${PATH}/${done}/retry`);
    expect((await operator('GET', PATH)).body).toEqual({ items: [waiting(old), waiting(young)], nextCursor: null });
    const first = (await operator('GET', `${PATH}?state=all&limit=2`)).body;
    const rest = (await operator('GET', `${PATH}?state=all&limit=2&cursor=${first.nextCursor}`)).body;
    const ids = [...first.items, ...rest.items].map(({ id }: { id: string }) => id);
    expect([ids, rest.nextCursor]).toEqual([[done, old, young], null]);
  });

  it('are shown complete: the event, or the message with its bytes', async () => {
    const event = denial();
    const [asEvent, asMessage] = [await deadLetter({ event }), await deadLetter(garbage)];
    expect((await operator('GET', `${PATH}/${asEvent}`)).body).toEqual({
      ...waiting(asEvent),
      event: JSON.parse(JSON.stringify(event)),
      key: null,
      value: null,
    });
    expect((await operator('GET', `${PATH}/${asMessage}`)).body).toEqual({
      ...waiting(asMessage),
      event: null,
      key: null,
      value: { base64: '/wA=' },
    });
  });

  it('are retried: a readable one is recorded once, with who retried it', async () => {
    const event = denial();
    const id = await deadLetter({ event });
    const headers = { 'x-request-id': 'retry-1' };
    expect((await operator('POST', `${PATH}/${id}/retry`, undefined, headers)).body).toEqual({
      id,
      outcome: 'recorded',
      reason: null,
    });
    expect(await world.sql('SELECT id FROM audit.denials WHERE id = $1', [event.eventId])).toHaveLength(1);
    expect((await operator('GET', `${PATH}/${id}`)).body).toMatchObject({
      state: 'settled',
      tenantId: 'acme',
      retries: 1,
      lastAction: action('retry', 'retry-1'),
    });
    const again = await operator('POST', `${PATH}/${id}/retry`);
    expect([again.status, again.body.code]).toEqual([409, 'dead-letter-not-waiting']);
  });

  it('that still cannot be read say why, and can be discarded, by somebody who is written down', async () => {
    const id = await deadLetter(garbage);
    const reason = 'The message is not JSON in UTF-8.';
    expect((await operator('POST', `${PATH}/${id}/retry`)).body).toEqual({ id, outcome: 'unreadable', reason });
    const headers = { 'x-request-id': 'discard-1' };
    for (const _ of ['first', 'repeat'])
      expect((await operator('DELETE', `${PATH}/${id}`, undefined, headers)).status).toBe(204);
    expect((await operator('GET', `${PATH}/${id}`)).body).toMatchObject({
      state: 'discarded',
      reason,
      lastAction: action('discard', 'discard-1'),
    });
    expect((await operator('GET', PATH)).body.items).toEqual([]);
  });

  it.each([
    ['GET', ''],
    ['POST', '/retry'],
    ['DELETE', ''],
  ])('%s of one that does not exist is 404', async (method, path) => {
    for (const id of [newId(), 'x']) {
      const { status, body } = await operator(method, `${PATH}/${id}${path}`);
      expect([status, body.code]).toEqual([404, 'dead-letter-not-found']);
    }
  });

  it('are only for operators, of any tenant', async () => {
    const id = await deadLetter({ event: denial() });
    const calls = [
      ['GET', PATH],
      ['GET', `${PATH}/${id}`],
      ['POST', `${PATH}/${id}/retry`],
      ['DELETE', `${PATH}/${id}`],
    ] as const;
    for (const role of ['admin', 'auditor', 'relay'] as const) {
      const ask = asking(url, await world.key(role, role === 'relay' ? undefined : 'acme'));
      for (const [method, path] of calls) expect((await ask(method, path)).status).toBe(403);
    }
    expect((await operator('GET', `${PATH}/${id}`)).body).toMatchObject(waiting(id));
  });
});
