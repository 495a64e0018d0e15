import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@postern/contracts';
import { AuditWorld } from '../testing/audit-world.js';
import { Person } from '../testing/happenings.js';
import type { RefusingNow } from './list-refusing-now.js';

let world: AuditWorld;
let auditor: string;
const NOW = Date.now();
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();
const REFUSING = '/v1/tenants/acme/refusing-now';

const app = new Person('app@acme.example');
const cron = new Person('cron@acme.example');
const earlier = new Person('earlier@acme.example');
const reports = new Person('reports@acme.example');
const gone = new Person('gone@acme.example');
const globexApp = new Person('app@globex.example', 'globex' as TenantId);

beforeAll(async () => {
  world = await AuditWorld.create();
  auditor = await world.key('auditor', 'acme');
  await world.key('auditor', 'globex');
  for (const person of [app, cron, earlier, reports, gone, globexApp]) await world.append(person, person.registered());
  await world.append(
    app,
    app.denied('198.51.100.7', { occurredAt: ago(10), count: 5 }),
    app.denied('198.51.100.7', { occurredAt: ago(40), count: 5 }),
    app.denied('203.0.113.9', { occurredAt: ago(5), count: 6 }),
    app.denied('203.0.113.10', { occurredAt: ago(20), mode: 'report-only', refused: false }),
    app.denied('203.0.113.9', { occurredAt: ago(3_600), count: 100 }),
    app.renamed('app2@acme.example'),
  );
  await world.append(cron, cron.denied('2001:db8::9', { occurredAt: ago(30) }));
  await world.append(earlier, earlier.denied('192.0.2.1', { occurredAt: ago(3_600) }));
  await world.append(reports, reports.denied('192.0.2.1', { occurredAt: ago(1), mode: 'report-only', refused: false }));
  await world.append(gone, gone.denied('192.0.2.1', { occurredAt: ago(1) }), gone.removed());
  await world.happened(globexApp, globexApp.denied('192.0.2.1', { occurredAt: ago(1) }));
});
afterAll(() => world?.end());

const ofApp: RefusingNow = {
  smtpUserId: app.smtpUserId,
  username: 'app2@acme.example',
  ip: '198.51.100.7',
  addresses: 2,
  refused: 16,
  since: ago(40),
  lastDeniedAt: ago(5),
};
const ofCron: RefusingNow = {
  smtpUserId: cron.smtpUserId,
  username: 'cron@acme.example',
  ip: '2001:db8::9',
  addresses: 1,
  refused: 1,
  since: ago(30),
  lastDeniedAt: ago(30),
};

describe('GET …/refusing-now', () => {
  it('has the users whose logins were refused in the last five minutes, the latest first', async () => {
    const body = { items: [ofApp, ofCron], nextCursor: null };
    expect(await world.get(auditor, REFUSING)).toEqual({ status: 200, body });
  });

  it('pages through all of them once', async () => {
    expect(await world.walk(auditor, `${REFUSING}?limit=1`)).toEqual([ofApp, ofCron]);
  });
});
