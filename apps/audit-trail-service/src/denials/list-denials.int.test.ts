import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type TenantId } from '@postern/contracts';
import { AuditWorld } from '../testing/audit-world.js';
import { Person } from '../testing/happenings.js';
import type { Denial } from './list-denials.js';

let world: AuditWorld;
let auditor: string;
const app = new Person('App@acme.example');
const cron = new Person('cron@acme.example');
const DENIALS = '/v1/tenants/acme/denials';
const ofUser = (person: Person) => `/v1/tenants/acme/smtp-users/${person.smtpUserId}/denials`;
const at = (minute: number) => `2026-11-20T08:${String(minute).padStart(2, '0')}:00.000Z`;

beforeAll(async () => {
  world = await AuditWorld.create();
  auditor = await world.key('auditor', 'acme');
  await world.append(app, app.registered());
  await world.append(cron, cron.registered());
  await world.append(
    app,
    app.denied('203.0.113.9', { occurredAt: at(1), count: 4 }),
    app.denied('2001:db8::9', { occurredAt: at(2), relay: 'mx2' }),
    app.denied('203.0.113.200', { occurredAt: at(3), reason: 'no-live-entry' }),
    app.denied('not an address', { occurredAt: at(4), reason: 'source-ip-invalid' }),
  );
  await world.happened(
    cron,
    cron.denied('203.0.114.1', { occurredAt: at(5), mode: 'report-only', refused: false }),
    cron.denied('2001:db8:0:1::9', { occurredAt: at(6) }),
  );
});
afterAll(() => world?.end());

async function ips(query: string, url = DENIALS): Promise<string[]> {
  const { status, body } = await world.get<{ items: Denial[] }>(auditor, `${url}?${query}`);
  expect(status).toBe(200);
  return body.items.map(({ ip }) => ip);
}

describe('GET …/denials', () => {
  it('shows a denial in the documented shape', async () => {
    const denial = app.denied('203.0.113.9', {
      occurredAt: at(0),
      count: 7,
      relay: 'mx9',
      username: 'APP@acme.example',
    });
    await world.happened(app, denial);
    expect(await world.get(auditor, `${DENIALS}?relay=mx9`)).toEqual({
      status: 200,
      body: {
        items: [
          {
            id: denial.data.denialId,
            occurredAt: at(0),
            recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
            tenantId: 'acme',
            smtpUserId: app.smtpUserId,
            username: 'APP@acme.example',
            ip: '203.0.113.9',
            relay: 'mx9',
            reason: 'ip-not-authorized',
            mode: 'enforce',
            refused: true,
            count: 7,
          },
        ],
        nextCursor: null,
      },
    });
  });

  it('has the newest first, of the tenant and of one SMTP user', async () => {
    const ofApp = ['not an address', '203.0.113.200', '2001:db8::9', '203.0.113.9', '203.0.113.9'];
    expect(await ips('')).toEqual(['2001:db8:0:1::9', '203.0.114.1', ...ofApp]);
    expect(await ips('', ofUser(app))).toEqual(ofApp);
  });

  it.each([
    ['ip=203.0.113.9', ['203.0.113.9', '203.0.113.9']],
    ['ip=203.0.113.0/24', ['203.0.113.200', '203.0.113.9', '203.0.113.9']],
    ['ip=203.0.112.0/22', ['203.0.114.1', '203.0.113.200', '203.0.113.9', '203.0.113.9']],
    ['ip=203.0.113.128/25', ['203.0.113.200']],
    ['ip=::ffff:203.0.113.200', ['203.0.113.200']],
    ['ip=2001:db8::/64', ['2001:db8::9']],
    ['ip=2001:DB8::/32', ['2001:db8:0:1::9', '2001:db8::9']],
    ['ip=198.51.100.0/24', []],
    [`from=${at(5)}`, ['2001:db8:0:1::9', '203.0.114.1']],
    [`from=${at(2)}&to=${at(4)}`, ['203.0.113.200', '2001:db8::9']],
    ['to=2026-11-20T09:02:00%2B01:00', ['203.0.113.9', '203.0.113.9']],
    ['username=CRON@acme.example', ['2001:db8:0:1::9', '203.0.114.1']],
    ['username=nobody@acme.example', []],
    // The Kelvin sign, which Unicode folds to k.
    ['username=\u212Aelvin@acme.example', []],
    ['relay=mx2', ['2001:db8::9']],
    ['reason=source-ip-invalid', ['not an address']],
    ['refused=false', ['203.0.114.1']],
    ['refused=true&ip=203.0.112.0/22&username=app@acme.example&limit=1', ['203.0.113.200']],
  ])('filters by %s', async (query, expected) => {
    expect(await ips(query)).toEqual(expected);
  });

  it('finds by each name that an SMTP user had what was reported under that name', async () => {
    const person = new Person('before@acme.example');
    await world.append(person, person.registered(), person.renamed('after@acme.example'));
    await world.happened(
      person,
      person.denied('192.0.2.1', { occurredAt: '2026-10-01T00:00:00.000Z' }),
      person.denied('192.0.2.2', { occurredAt: '2026-10-02T00:00:00.000Z', username: 'after@acme.example' }),
    );
    expect(await ips('username=before@acme.example')).toEqual(['192.0.2.1']);
    expect(await ips('username=after@acme.example')).toEqual(['192.0.2.2']);
  });

  it('walked page by page while denials come in, early and late ones, skips none and repeats none', async () => {
    const person = new Person('busy@acme.example');
    const ids = (items: Denial[]) => items.map(({ id }) => id);
    // Several of one instant: the time alone is no place to go on from.
    const before = Array.from({ length: 23 }, (_, i) => person.denied('192.0.2.1', { occurredAt: at(i % 5) }));
    await world.append(person, person.registered());
    await world.happened(person, ...before);
    const url = `${ofUser(person)}?limit=4`;
    const asThen = ids(await world.walk<Denial>(auditor, url));
    const added = new Set<string>();
    const walked = await world.walk<Denial>(auditor, url, async () => {
      const more = [0, 2, 4, 30].map((minute) => person.denied('192.0.2.2', { occurredAt: at(minute) }));
      for (const denial of more) added.add(denial.data.denialId);
      await world.happened(person, ...more);
    });
    expect(new Set(ids(walked)).size).toBe(walked.length);
    expect(ids(walked).filter((id) => !added.has(id))).toEqual(asThen);
    expect(new Set(asThen)).toEqual(new Set(before.map(({ data }) => data.denialId)));
  });

  it('keeps what was denied to an SMTP user that was removed', async () => {
    const person = new Person('gone@acme.example');
    await world.append(person, person.registered());
    await world.append(person, person.denied('192.0.2.77'));
    await world.happened(person, person.removed());
    expect(await ips('', ofUser(person))).toEqual(['192.0.2.77']);
    expect(await ips('ip=192.0.2.77')).toEqual(['192.0.2.77']);
  });

  it.each([
    ['limit=0', '?limit', 'validation-failed'],
    ['limit=501', '?limit', 'validation-failed'],
    ['cursor=x', '?cursor', 'validation-failed'],
    [`cursor=${Buffer.from('["2026-02-31T00:00:00.000Z","0"]').toString('base64url')}`, '?cursor', 'validation-failed'],
    ['ip=203.0.113.9/24', '?ip', 'host-bits-set'],
    ['ip=010.0.0.1', '?ip', 'range-invalid'],
    ['from=yesterday', '?from', 'validation-failed'],
    ['to=2026-02-31T00:00:00Z', '?to', 'validation-failed'],
    ['reason=whim', '?reason', 'validation-failed'],
    ['refused=yes', '?refused', 'validation-failed'],
    ['relay=a&relay=b', '?relay', 'validation-failed'],
    ['colour=red', '?colour', 'field-unknown'],
  ])('refuses %s and names the field', async (query, pointer, code) => {
    const { status, body } = await world.get(auditor, `${DENIALS}?${query}`);
    expect(status).toBe(422);
    expect(body).toEqual({
      type: 'urn:postern:problem:validation-failed',
      title: 'The request is not valid',
      status: 422,
      detail: expect.stringContaining(pointer),
      code: 'validation-failed',
      requestId: expect.any(String),
      errors: [{ pointer, code, detail: expect.any(String), suggestions: expect.any(Array) }],
    });
  });

  it('answers 404 for an SMTP user that is unknown, no UUID, or another tenant’s', async () => {
    const globexApp = new Person('app@globex.example', 'globex' as TenantId);
    await world.happened(globexApp, globexApp.registered());
    for (const id of [newId(), 'x', globexApp.smtpUserId]) {
      expect(await world.get(auditor, `/v1/tenants/acme/smtp-users/${id}/denials`)).toEqual({
        status: 404,
        body: {
          type: 'urn:postern:problem:smtp-user-not-found',
          title: 'There is no such SMTP user',
          status: 404,
          detail: expect.stringContaining('There is no SMTP user with this id'),
          code: 'smtp-user-not-found',
          requestId: expect.any(String),
          errors: [],
        },
      });
    }
  });
});
