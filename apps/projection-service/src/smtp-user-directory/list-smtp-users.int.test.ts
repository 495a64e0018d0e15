import { recorded, UserStory } from '@postern/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { TenantId } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import type { DataSource } from 'typeorm';
import { createWorld, type RunningApp, type World } from '../testing/projection-app.js';
import { directoryModel } from './directory-model.js';

let world: World;
let service: RunningApp;
let operator: string;
let writer: DataSource;

interface Page {
  readonly items: { readonly id: string; readonly username: string; readonly createdAt: string }[];
  readonly nextCursor: string | null;
}

const stories = Array.from({ length: 25 }, (_, i) =>
  new UserStory().registered(`Mailer-${i}@acme.example`).restricted('203.0.113.1'),
);
const removed = new UserStory().registered('mailer-gone@acme.example').removed();
const otherTenant = new UserStory('other' as TenantId).registered('mailer@other.example');

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const ENDS_AT = inDays(1);
const user = (name: string, tenantId = 'states') =>
  new UserStory(tenantId as TenantId).registered(`${name}@acme.example`);

const inStates = {
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
  theirs: user('theirs', 'other').restricted('203.0.113.9', inDays(3)),
};

beforeAll(async () => {
  world = await createWorld();
  await world.newTenant('acme');
  await world.newTenant('states');
  operator = await world.newKey('operator');
  writer = await openDataSource(world.database.url, 'postern_projection', { poolSize: 1 });
  const all = [...stories, removed, otherTenant, ...Object.values(inStates)];
  const events = recorded(all.flatMap((story) => story.history));
  await writer.transaction((m) => directoryModel.write(m, events));
  // The first three at one instant: only their ids distinguish them.
  await writer.query(
    `UPDATE projection.smtp_users u SET created_at = created_at + greatest(0, i - 3) * interval '1 second'
       FROM unnest($1::uuid[]) WITH ORDINALITY AS s(id, i) WHERE u.id = s.id`,
    [stories.map((story) => story.smtpUserId)],
  );
  service = await world.start();
});
afterAll(async () => {
  await writer?.destroy();
  await world?.end();
});

async function get<Body>(path: string): Promise<{ status: number; body: Body }> {
  const url = `/v1/tenants/${path}`;
  const answer = await service.app.inject({ url, headers: { authorization: `Bearer ${operator}` } });
  return { status: answer.statusCode, body: answer.json<Body>() };
}

const list = (query = '') => get<Page & Record<string, unknown>>(`acme/smtp-users${query}`);

describe('the list of SMTP users', () => {
  it('shows the newest first, each as it is shown alone, without removed ones and other tenants’', async () => {
    const { status, body } = await list();
    expect(status).toBe(200);
    expect(body.nextCursor).toBeNull();
    const newest = stories.toReversed().map((story) => story.smtpUserId);
    expect(body.items.slice(0, 22).map((item) => item.id)).toEqual(newest.slice(0, 22));
    expect(body.items.map((item) => item.id).toSorted()).toEqual(newest.toSorted());
    expect(body.items[0]).toMatchObject({
      username: 'Mailer-24@acme.example',
      restriction: { restricted: true, version: 2 },
    });
  });

  it.each([1, 7, 24, 25])('pages through all of them once, by %i', async (limit) => {
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await list(`?limit=${limit}${cursor}`);
      seen.push(...body.items.map((item) => item.id));
      if (body.nextCursor === null) break;
      expect(body.items.length).toBe(limit);
      cursor = `&cursor=${body.nextCursor}`;
    }
    const whole = (await list()).body.items.map((item) => item.id);
    expect(seen).toEqual(whole);
  });

  it('finds a part of a username in any case; no character is a pattern', async () => {
    const usernames = async (part: string) =>
      (await list(`?query=${encodeURIComponent(part)}`)).body.items.map((item) => item.username);
    expect(await usernames('mailer-7')).toEqual(['Mailer-7@acme.example']);
    expect((await usernames('ER-1')).length).toBe(11);
    expect(await usernames('%')).toEqual([]);
    expect(await usernames('mailer_7')).toEqual([]);
    expect(await usernames('mailer\\-7')).toEqual([]);
    expect(await usernames('gone')).toEqual([]);
    expect(await usernames('other')).toEqual([]);
  });

  it('continues within a search', async () => {
    const { body } = await list('?query=er-1&limit=6');
    const rest = await list(`?query=er-1&limit=6&cursor=${body.nextCursor}`);
    expect([body.items.length, rest.body.items.length, rest.body.nextCursor]).toEqual([6, 5, null]);
  });

  it('skips none and repeats none while SMTP users are registered before and after the position', async () => {
    const there = (await list('?query=mailer')).body.items.map((item) => item.id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: { body: Page } = await list(`?query=mailer&limit=6${cursor}`);
      seen.push(...body.items.map((item) => item.id));
      cursor = body.nextCursor === null ? null : `&cursor=${body.nextCursor}`;
      const later = new UserStory().registered(`mailer-later-${seen.length}@acme.example`);
      await writer.transaction((m) => directoryModel.write(m, recorded(later.history)));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => there.includes(id))).toEqual(there);
  });

  it.each([
    ['?limit=0', '?limit'],
    ['?limit=501', '?limit'],
    ['?limit=ten', '?limit'],
    ['?cursor=abc', '?cursor'],
    ['?query=', '?query'],
    ['?page=2', '?page'],
  ])('refuses %s', async (query, pointer) => {
    const { status, body } = await list(query);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ pointer }] });
  });
});

async function names(query: string): Promise<string[]> {
  const found: string[] = [];
  for (let cursor = ''; ;) {
    const { status, body } = await get<{ items: { username: string }[]; nextCursor: string | null }>(
      `states/smtp-users?limit=2&${query}${cursor}`,
    );
    expect(status).toBe(200);
    found.push(...body.items.map(({ username }) => username.slice(0, username.indexOf('@'))));
    if (body.nextCursor === null) return found.toSorted();
    cursor = `&cursor=${body.nextCursor}`;
  }
}

describe('the list of SMTP users by state and address', () => {
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
    const { status, body } = await get(`states/smtp-users?${query}`);
    expect([status, body]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ pointer, code })] }),
    ]);
  });
});

describe('GET …/smtp-users/counts', () => {
  it('counts the tenant’s users in each state', async () => {
    const body = { all: 10, restricted: 8, reportOnly: 3, expiring: 1, expired: 2 };
    expect(await get('states/smtp-users/counts')).toEqual({ status: 200, body });
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
    expect((await get<object>('states/smtp-users/counts')).body).toMatchObject({ restricted: 8, reportOnly: 2 });
    const shown = await get<{ items: object[] }>('states/smtp-users?query=ends@');
    expect(shown.body.items).toMatchObject([{ restriction: { mode: 'enforce', enforceAt: ENDS_AT, version: 3 } }]);
  } finally {
    jest.useRealTimers();
  }
});
