import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { AuditWorld } from '../testing/audit-world.js';
import { Person } from '../testing/happenings.js';
import type { DenialHistogram } from './count-denials.js';

let world: AuditWorld;
let auditor: string;
const app = new Person('app@acme.example');
const cron = new Person('cron@acme.example');
const at = (time: string) => `2026-11-20T${time}.000Z`;

beforeAll(async () => {
  world = await AuditWorld.create();
  auditor = await world.key('auditor', 'acme');
  for (const person of [app, cron]) await world.append(person, person.registered());
  await world.append(
    app,
    app.denied('203.0.113.9', { occurredAt: at('08:00:00'), count: 4 }),
    app.denied('203.0.113.9', { occurredAt: at('08:59:59'), reason: 'no-live-entry' }),
    app.denied('203.0.114.9', { occurredAt: at('10:00:00'), count: 2 }),
  );
  await world.happened(
    cron,
    cron.denied('2001:db8::9', { occurredAt: at('10:30:00'), mode: 'report-only', refused: false }),
  );
});
afterAll(() => world?.end());

const histogram = (query: string) => world.get<DenialHistogram>(auditor, `/v1/tenants/acme/denials/histogram?${query}`);
const EMPTY = { refused: 0, wouldHaveBeenRefused: 0, reasons: {} };
const DAY = `from=${at('08:00:00')}&to=${at('11:00:00')}`;

describe('GET …/denials/histogram', () => {
  it('counts the logins of every interval of the period, also of the empty ones', async () => {
    expect(await histogram(DAY)).toEqual({
      status: 200,
      body: {
        interval: 'hour',
        items: [
          {
            at: at('08:00:00'),
            refused: 5,
            wouldHaveBeenRefused: 0,
            reasons: { 'ip-not-authorized': 4, 'no-live-entry': 1 },
          },
          { at: at('09:00:00'), ...EMPTY },
          { at: at('10:00:00'), refused: 2, wouldHaveBeenRefused: 1, reasons: { 'ip-not-authorized': 3 } },
        ],
        complete: true,
      },
    });
  });

  it.each([
    [`${DAY}&smtpUserId=${cron.smtpUserId}`, [0, 0, 1]],
    [`${DAY}&username=APP@acme.example`, [5, 0, 2]],
    [`${DAY}&username=nobody`, [0, 0, 0]],
    [`${DAY}&ip=203.0.113.0/24`, [5, 0, 0]],
    [`${DAY}&reason=no-live-entry`, [1, 0, 0]],
    [`${DAY}&refused=false`, [0, 0, 1]],
    [`${DAY}&relay=mx2`, [0, 0, 0]],
    [`${DAY}&interval=day`, [8]],
    [`from=${at('08:59:59')}&to=${at('09:01:00')}&interval=minute`, [1, 0]],
    [`from=${at('08:30:00')}&to=${at('10:15:00')}`, [1, 0, 2]],
    [`from=${at('10:30:00')}&to=${at('10:30:00')}`, [0]],
  ])('of %s', async (query, expected) => {
    const { status, body } = await histogram(query);
    expect(status).toBe(200);
    expect(body.items.map(({ refused, wouldHaveBeenRefused }) => refused + wouldHaveBeenRefused)).toEqual(expected);
  });

  it('ends with now', async () => {
    const { body } = await histogram(`from=${new Date(Date.now() - 3_600_000).toISOString()}`);
    expect(body.items.length).toBe(2);
  });

  it.each([
    ['', '?from', 'field-missing'],
    ['from=2026-01-01T00:00:00Z&to=2026-01-18T00:00:00Z', '?from', 'validation-failed'],
    ['from=0001-01-01T00:00:00Z&to=9999-01-18T00:00:00Z&interval=minute', '?from', 'validation-failed'],
    [`${DAY}&interval=week`, '?interval', 'validation-failed'],
    [`from=${at('11:00:00')}&to=${at('10:00:00')}`, '?to', 'validation-failed'],
    [`${DAY}&smtpUserId=x`, '?smtpUserId', 'validation-failed'],
    [`${DAY}&limit=1`, '?limit', 'field-unknown'],
  ])('refuses %s and names the field', async (query, pointer, code) => {
    const { status, body } = await histogram(query);
    expect([status, body]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ pointer, code })] }),
    ]);
  });

  it('is not found for an SMTP user of another tenant', async () => {
    expect(await histogram(`${DAY}&smtpUserId=${newId()}`)).toMatchObject({
      status: 404,
      body: { code: 'smtp-user-not-found' },
    });
  });
});
