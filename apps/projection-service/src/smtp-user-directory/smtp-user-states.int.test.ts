import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { TenantId } from '@postern/contracts';
import { UserStory } from '@postern/testing';
import { createWorld, type RunningApp, type World } from '../testing/projection-app.js';

let world: World;
let service: RunningApp;
let admin: string;

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const ENDS_AT = inDays(1);
const user = (name: string, tenantId?: TenantId) => new UserStory(tenantId).registered(`${name}@acme.example`);

const stories = {
  open: user('open'),
  cleared: user('cleared').restricted('203.0.113.9').cleared(),
  office: user('office').restricted('203.0.113.0/24').restricted('2001:db8::/64'),
  reports: user('reports').restricted('203.0.113.9').mode('report-only'),
  ends: user('ends').restricted('192.0.2.9').mode('report-only', ENDS_AT),
  // Enforced since: no event said so.
  ended: user('ended').restricted('192.0.2.9').mode('report-only', inDays(-1)),
  soon: user('soon').restricted('198.51.100.7', inDays(3)).restricted('203.0.0.0/16', inDays(-3)),
  later: user('later').restricted('203.0.113.9', inDays(30)),
  over: user('over').restricted('203.0.113.9', inDays(-1)).restricted('2001:db8::9', inDays(-2)),
  overReports: user('over-reports').restricted('203.0.113.9', inDays(-1)).mode('report-only'),
  gone: user('gone').restricted('203.0.113.9', inDays(3)).removed(),
  theirs: user('theirs', 'other' as TenantId).restricted('203.0.113.9', inDays(3)),
};

beforeAll(async () => {
  world = await createWorld();
  await world.newTenant('acme');
  await world.newTenant('other');
  admin = await world.newKey('admin', 'acme');
  for (const story of Object.values(stories)) await world.append(story.history);
  service = await world.start();
});
afterAll(() => world?.end());

async function get<Body>(path: string): Promise<{ status: number; body: Body }> {
  const url = `/v1/tenants/acme/smtp-users${path}`;
  const answer = await service.app.inject({ url, headers: { authorization: `Bearer ${admin}` } });
  return { status: answer.statusCode, body: answer.json<Body>() };
}

async function names(query: string): Promise<string[]> {
  const found: string[] = [];
  for (let cursor = ''; ;) {
    const { status, body } = await get<{ items: { username: string }[]; nextCursor: string | null }>(
      `?limit=2&${query}${cursor}`,
    );
    expect(status).toBe(200);
    found.push(...body.items.map(({ username }) => username.slice(0, username.indexOf('@'))));
    if (body.nextCursor === null) return found.toSorted();
    cursor = `&cursor=${body.nextCursor}`;
  }
}

describe('the list of SMTP users', () => {
  it.each([
    ['state=unrestricted', ['cleared', 'open']],
    ['state=restricted', ['ended', 'ends', 'later', 'office', 'over', 'over-reports', 'reports', 'soon']],
    ['state=report-only', ['ends', 'over-reports', 'reports']],
    ['state=expiring', ['soon']],
    ['state=expired', ['over', 'over-reports']],
    ['state=restricted&query=OVER', ['over', 'over-reports']],
    ['state=unrestricted&query=over', []],
    ['allows=203.0.113.9', ['later', 'office', 'reports']],
    ['allows=203.0.113.10', ['office']],
    ['allows=::ffff:203.0.113.10', ['office']],
    ['allows=2001:DB8::9', ['office']],
    ['allows=198.51.100.7&state=expiring', ['soon']],
    ['allows=198.51.100.7&query=sOON', ['soon']],
    ['allows=192.0.2.1', []],
  ])('with %s has those alone', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it.each([
    ['state=closed', '?state', 'validation-failed'],
    ['allows=203.0.113.0/24', '?allows', 'source-ip-invalid'],
    ['allows=010.0.0.1', '?allows', 'source-ip-invalid'],
  ])('refuses %s and names the field', async (query, pointer, code) => {
    const { status, body } = await get(`?${query}`);
    expect([status, body]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ pointer, code })] }),
    ]);
  });
});

describe('GET …/smtp-users/counts', () => {
  it('counts the tenant’s users in each state', async () => {
    const body = { all: 10, restricted: 8, reportOnly: 3, expiring: 1, expired: 2 };
    expect(await get('/counts')).toEqual({ status: 200, body });
  });
});

it('a restriction leaves report-only at its enforceAt, in lists and counts, with no event', async () => {
  const all =
    'hrtime nextTick performance queueMicrotask setImmediate clearImmediate setInterval clearInterval setTimeout';
  const doNotFake = [...all.split(' '), 'clearTimeout'] as 'hrtime'[];
  jest.useFakeTimers({ now: Date.parse(ENDS_AT), doNotFake });
  try {
    expect(await names('state=report-only')).toEqual(['over-reports', 'reports']);
    expect(await names('state=restricted&query=ends')).toEqual(['ends']);
    expect((await get<object>('/counts')).body).toMatchObject({ restricted: 8, reportOnly: 2 });
    const shown = await get<{ items: object[] }>('?query=ends@');
    expect(shown.body.items).toMatchObject([{ restriction: { mode: 'enforce', enforceAt: ENDS_AT, version: 3 } }]);
  } finally {
    jest.useRealTimers();
  }
});
