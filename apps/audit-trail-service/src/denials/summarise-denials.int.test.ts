import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type TenantId } from '@postern/contracts';
import { AuditWorld } from '../testing/audit-world.js';
import { Person } from '../testing/happenings.js';
import { MAX_COUNTED, type DenialSummary } from './summarise-denials.js';

let world: AuditWorld;
let auditor: string;
const NOW = Date.now();
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();
const yesterday = ago(26 * 3_600);
/** The whole of what the tests have happened before `ago(…)` is of one day then. */
const since = ago(20 * 3_600);

const app = new Person('app@acme.example');
const reports = new Person('reports@acme.example');
const old = new Person('old@acme.example');
const never = new Person('never@acme.example');
const globexApp = new Person('app@globex.example', 'globex' as TenantId);

beforeAll(async () => {
  world = await AuditWorld.create();
  auditor = await world.key('auditor', 'acme');
  await world.key('auditor', 'globex');
  for (const person of [app, reports, old, never, globexApp]) await world.append(person, person.registered());
  await world.append(
    app,
    app.denied('198.51.100.7', { occurredAt: ago(10), count: 3 }),
    app.denied('198.51.100.7', { occurredAt: ago(20), count: 4 }),
    app.denied('203.0.113.9', { occurredAt: ago(5), count: 6 }),
    app.denied('203.0.113.9', { occurredAt: ago(7_200), count: 100 }),
    app.denied('203.0.113.9', { occurredAt: yesterday, count: 1_000 }),
  );
  const letThrough = { mode: 'report-only', refused: false } as const;
  await world.append(
    reports,
    reports.denied('2001:db8::9', { occurredAt: ago(3_600), count: 4, ...letThrough }),
    reports.denied('2001:db8::1', { occurredAt: ago(60), count: 2, ...letThrough }),
  );
  await world.append(old, old.denied('192.0.2.1', { occurredAt: '2026-01-01T00:00:00.000Z' }));
  await world.happened(globexApp, globexApp.denied('192.0.2.1', { occurredAt: ago(1) }));
});
afterAll(() => world?.end());

async function summaries(persons: readonly Person[], more = `&since=${since}`): Promise<DenialSummary[]> {
  const ids = persons.map(({ smtpUserId }) => smtpUserId).join(',');
  const { status, body } = await world.get<{ items: DenialSummary[] }>(
    auditor,
    `/v1/tenants/acme/denial-summaries?smtpUserIds=${ids}${more}`,
  );
  expect(status).toBe(200);
  return body.items.toSorted((a, b) => (a.lastDeniedAt < b.lastDeniedAt ? 1 : -1));
}

describe('GET …/denial-summaries', () => {
  it('has the last denial, the logins of five minutes and of the day; without those who were never denied or are another tenant’s', async () => {
    expect(await summaries([never, old, app, globexApp, reports])).toEqual([
      {
        smtpUserId: app.smtpUserId,
        lastDeniedAt: ago(5),
        lastIp: '203.0.113.9',
        recent: { refused: 13, wouldHaveBeenRefused: 0, ip: '198.51.100.7' },
        today: { refused: 113, wouldHaveBeenRefused: 0 },
        complete: true,
      },
      {
        smtpUserId: reports.smtpUserId,
        lastDeniedAt: ago(60),
        lastIp: '2001:db8::1',
        recent: { refused: 0, wouldHaveBeenRefused: 2, ip: '2001:db8::1' },
        today: { refused: 0, wouldHaveBeenRefused: 6 },
        complete: true,
      },
      {
        smtpUserId: old.smtpUserId,
        lastDeniedAt: '2026-01-01T00:00:00.000Z',
        lastIp: '192.0.2.1',
        recent: { refused: 0, wouldHaveBeenRefused: 0, ip: null },
        today: { refused: 0, wouldHaveBeenRefused: 0 },
        complete: true,
      },
    ]);
  });

  it('has the recent ones where the day has just begun, and a user once that is asked for twice', async () => {
    expect(await summaries([app, app], `&since=${ago(0)}`)).toEqual([
      expect.objectContaining({
        recent: { refused: 13, wouldHaveBeenRefused: 0, ip: '198.51.100.7' },
        today: { refused: 0, wouldHaveBeenRefused: 0 },
      }),
    ]);
  });

  it('counts the newest of a flood, and says that there are more', async () => {
    const flooded = new Person('flooded@acme.example');
    await world.append(flooded, flooded.registered());
    const flood = Array.from({ length: MAX_COUNTED }, () => flooded.denied('192.0.2.9', { occurredAt: ago(10) }));
    await world.append(flooded, ...flood);
    await world.happened(flooded, flooded.denied('192.0.2.10', { occurredAt: ago(20) }));
    expect(await summaries([flooded])).toEqual([
      {
        smtpUserId: flooded.smtpUserId,
        lastDeniedAt: ago(10),
        lastIp: '192.0.2.9',
        recent: { refused: MAX_COUNTED, wouldHaveBeenRefused: 0, ip: '192.0.2.9' },
        today: { refused: MAX_COUNTED, wouldHaveBeenRefused: 0 },
        complete: false,
      },
    ]);
  });

  it.each([
    ['', '?smtpUserIds', 'field-missing'],
    ['smtpUserIds=', '?smtpUserIds', 'validation-failed'],
    ['smtpUserIds=x', '?smtpUserIds', 'validation-failed'],
    [`smtpUserIds=${Array.from({ length: 101 }, newId).join(',')}`, '?smtpUserIds', 'validation-failed'],
    [`smtpUserIds=${newId()}&since=yesterday`, '?since', 'validation-failed'],
    [`smtpUserIds=${newId()}&since=2026-01-01T00:00:00Z`, '?since', 'validation-failed'],
  ])('refuses %s and names the field', async (query, pointer, code) => {
    const { status, body } = await world.get(auditor, `/v1/tenants/acme/denial-summaries?${query}`);
    expect([status, body]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ pointer, code })] }),
    ]);
  });
});
