import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditWorld } from '../testing/audit-world.js';
import { Person } from '../testing/happenings.js';
import type { DeniedIp } from './list-denied-ips.js';

let world: AuditWorld;
let admin: string;
beforeAll(async () => {
  world = await AuditWorld.create();
  admin = await world.key('admin', 'acme');
});
afterAll(() => world?.end());

const at = (minute: number) => `2026-11-20T08:${String(minute).padStart(2, '0')}:00.000Z`;
const urlOf = (person: Person) => `/v1/tenants/acme/smtp-users/${person.smtpUserId}/denied-ips`;

async function deniedIps(person: Person): Promise<DeniedIp[]> {
  const { status, body } = await world.get<{ items: DeniedIp[] }>(admin, urlOf(person));
  expect(status).toBe(200);
  return body.items;
}

/** Rows as the trail has them, of `users` other SMTP users of the tenant each, for the addresses that `select` gives. */
async function deniedFor(users: number, select: string): Promise<void> {
  await world.sql(
    `INSERT INTO audit.denied_ips
       (smtp_user_id, count, first_denied_at, last_denied_at, tenant_id, ip, address, relays, reasons, last_position)
     SELECT gen_random_uuid(), 1, now(), now(), 'acme', host(address), address, '{mx1}', '{ip-not-authorized}', 1
       FROM (${select}) denied(address), generate_series(1, $1)`,
    [users],
  );
}

async function suggestedFor(person: Person, ip: string): Promise<string[] | undefined> {
  return (await deniedIps(person)).find((item) => item.ip === ip)?.suggestedEntries.map(({ range }) => range);
}

describe('GET …/denied-ips', () => {
  it('has a row an address, the one that was denied last first, with all that is known of it', async () => {
    const person = new Person('a@acme.example');
    await world.append(person, person.registered(), person.allowed('198.51.100.0/24', '2001:db8:ffff::/48'));
    await world.happened(
      person,
      person.denied('203.0.113.9', { occurredAt: at(1), count: 5 }),
      person.denied('2001:db8::9', { occurredAt: at(2) }),
      person.denied('203.0.113.9', { occurredAt: at(3), relay: 'mx2', reason: 'no-live-entry' }),
    );
    expect(await world.get(admin, urlOf(person))).toEqual({
      status: 200,
      body: {
        items: [
          {
            ip: '203.0.113.9',
            count: 6,
            firstDeniedAt: at(1),
            lastDeniedAt: at(3),
            relays: ['mx1', 'mx2'],
            reasons: ['ip-not-authorized', 'no-live-entry'],
            stillDenied: true,
            looksLikeProxy: false,
            suggestedEntries: [
              { range: '203.0.113.9', why: 'The address itself, which was denied 6 times.', covers: 1 },
            ],
          },
          {
            ip: '2001:db8::9',
            count: 1,
            firstDeniedAt: at(2),
            lastDeniedAt: at(2),
            relays: ['mx1'],
            reasons: ['ip-not-authorized'],
            stillDenied: true,
            looksLikeProxy: false,
            suggestedEntries: [{ range: '2001:db8::9', why: 'The address itself, which was denied once.', covers: 1 }],
          },
        ],
        nextCursor: null,
      },
    });
  });

  it('judges by the current restriction what is still denied, and suggests nothing for the rest', async () => {
    const person = new Person('b@acme.example');
    const stillDenied = async () =>
      (await deniedIps(person)).map((item) => [item.ip, item.stillDenied, item.suggestedEntries.length]);
    await world.append(person, person.registered(), person.allowed('198.51.100.1', '2001:db8::/64'));
    await world.happened(person, person.denied('203.0.113.9'), person.denied('203.0.114.9'));
    expect(await stillDenied()).toEqual([
      ['203.0.114.9', true, 1],
      ['203.0.113.9', true, 1],
    ]);
    await world.happened(person, person.allowed('203.0.113.0/24'));
    expect(await stillDenied()).toEqual([
      ['203.0.114.9', true, 1],
      ['203.0.113.9', false, 0],
    ]);
    await world.happened(person, {
      type: 'RestrictionModeChanged',
      data: { mode: 'report-only', previousMode: 'enforce', enforceAt: null, previousEnforceAt: null },
    });
    expect(await stillDenied()).toEqual([
      ['203.0.114.9', true, 1],
      ['203.0.113.9', false, 0],
    ]);
    await world.happened(person, { type: 'RestrictionCleared', data: {} });
    expect(await stillDenied()).toEqual([
      ['203.0.114.9', false, 0],
      ['203.0.113.9', false, 0],
    ]);
  });

  it('suggests the /24 when three neighbours were denied, also those on other pages, and not when two were', async () => {
    const person = new Person('c@acme.example');
    await world.append(person, person.registered(), person.allowed('198.51.100.1', '2001:db8::/64'));
    await world.happened(person, ...[1, 2].map((last) => person.denied(`203.0.113.${last}`, { occurredAt: at(last) })));
    expect(await suggestedFor(person, '203.0.113.2')).toEqual(['203.0.113.2']);
    await world.happened(person, person.denied('203.0.113.250', { occurredAt: at(0) }));
    const [first] = await world.walk<DeniedIp>(admin, `${urlOf(person)}?limit=1`);
    expect(first?.suggestedEntries).toEqual([
      { range: '203.0.113.2', why: expect.stringContaining('denied once'), covers: 1 },
      { range: '203.0.113.0/24', why: expect.stringContaining('3 addresses of 203.0.113.0/24'), covers: 3 },
    ]);
  });

  it('suggests both families when the list has only one, and the addresses came to one relay within an hour', async () => {
    const person = new Person('d@acme.example');
    await world.append(person, person.registered(), person.allowed('198.51.100.0/24'));
    await world.happened(
      person,
      person.denied('2001:db8::9', { occurredAt: at(1) }),
      person.denied('203.0.113.9', { occurredAt: at(2) }),
    );
    const [v4, v6] = await deniedIps(person);
    expect(v6?.suggestedEntries).toEqual([
      { range: '2001:db8::9', why: expect.stringContaining('both families'), covers: 1 },
    ]);
    expect(v4?.suggestedEntries).toEqual([
      { range: '203.0.113.9', why: expect.any(String), covers: 1 },
      { range: '2001:db8::9', why: expect.stringContaining('both families'), covers: 1 },
    ]);
    await world.happened(
      person,
      person.denied('203.0.113.10', { occurredAt: at(2), relay: 'mx2' }),
      person.denied('203.0.113.11', { occurredAt: '2026-11-20T09:02:00.000Z' }),
    );
    expect(await suggestedFor(person, '203.0.113.10')).not.toContain('2001:db8::9');
    expect(await suggestedFor(person, '203.0.113.11')).not.toContain('2001:db8::9');
    await world.happened(person, person.allowed('2001:db8:1::/48'));
    expect(await suggestedFor(person, '203.0.113.9')).not.toContain('2001:db8::9');
  });

  it('suggests neither the operator’s own proxy, nor a range or a host of the other family that would let it in', async () => {
    const [first, second, third] = ['p', 'q', 'r'].map((name) => new Person(`${name}@acme.example`)) as [
      Person,
      Person,
      Person,
    ];
    const proxies = ['10.9.9.1', 'fd00:9::1'];
    for (const person of [first, second]) {
      await world.append(person, person.registered(), person.allowed('198.51.100.0/24'));
      await world.append(person, ...proxies.map((ip) => person.denied(ip, { occurredAt: at(1) })));
    }
    await world.happened(
      first,
      ...['10.9.9.7', '10.9.9.8', '10.9.8.1', '203.0.113.9'].map((ip) => first.denied(ip, { occurredAt: at(2) })),
      first.denied('10.9.9.9', { occurredAt: at(3) }),
    );
    const shown = async (query = '') => {
      const { body } = await world.get<{ items: DeniedIp[] }>(admin, `${urlOf(first)}${query}`);
      return body.items.map((item) => [item.ip, item.looksLikeProxy, item.suggestedEntries.map(({ range }) => range)]);
    };
    expect(await shown('?limit=1')).toEqual([['10.9.9.9', false, ['10.9.9.9', '10.9.9.0/24', 'fd00:9::1']]]);

    await world.append(third, third.registered(), third.allowed('198.51.100.0/24'));
    await world.happened(third, ...[...proxies, '203.0.113.9'].map((ip) => third.denied(ip)));
    await world.happened(second, second.denied('203.0.113.9'));
    expect(await shown('?limit=1')).toEqual([['10.9.9.9', false, ['10.9.9.9']]]);
    expect((await shown()).sort()).toEqual([
      ['10.9.8.1', false, ['10.9.8.1']],
      ['10.9.9.1', true, []],
      ['10.9.9.7', false, ['10.9.9.7']],
      ['10.9.9.8', false, ['10.9.9.8']],
      ['10.9.9.9', false, ['10.9.9.9']],
      ['203.0.113.9', false, ['203.0.113.9']],
      ['fd00:9::1', true, []],
    ]);
  });

  it('finds a proxy at the last address of a /24 whose other addresses were denied for two SMTP users', async () => {
    const person = new Person('n@acme.example');
    await world.append(person, person.registered(), person.allowed('198.51.100.0/24'));
    await world.happened(person, ...[7, 8, 9].map((host) => person.denied(`10.77.7.${host}`)));
    await deniedFor(2, `SELECT '10.77.7.0'::inet + n FROM generate_series(0, 255) n WHERE n NOT BETWEEN 7 AND 9`);
    await deniedFor(1, `SELECT '10.77.7.0'::inet + n FROM generate_series(7, 9) n`);
    expect(await suggestedFor(person, '10.77.7.9')).toEqual(['10.77.7.9', '10.77.7.0/24']);
    await deniedFor(1, `SELECT '10.77.7.255'::inet`);
    expect(await suggestedFor(person, '10.77.7.9')).toEqual(['10.77.7.9']);
  });

  it('does not suggest a private /64 with more denials than it reads: a proxy may be among the rest', async () => {
    const person = new Person('o@acme.example');
    await world.append(person, person.registered(), person.allowed('198.51.100.0/24'));
    await world.happened(person, ...[1, 2, 3].map((host) => person.denied(`fd00:77::${host}`)));
    await deniedFor(1, `SELECT 'fd00:77::1000'::inet + n FROM generate_series(1, 996) n`);
    expect(await suggestedFor(person, 'fd00:77::3')).toEqual(['fd00:77::3', 'fd00:77::/64']);
    await deniedFor(1, `SELECT 'fd00:77::2000'::inet`);
    expect(await suggestedFor(person, 'fd00:77::3')).toEqual(['fd00:77::3']);
  });

  it('suggests the canonical form of an address, also where the relay reported another one', async () => {
    const person = new Person('l@acme.example');
    await world.append(person, person.registered(), person.allowed('198.51.100.0/24'));
    await world.happened(person, person.denied('2001:DB8:0::9'));
    expect(await suggestedFor(person, '2001:DB8:0::9')).toEqual(['2001:db8::9']);
  });

  it('shows what was no address by its text, still denied, with nothing to suggest', async () => {
    const person = new Person('e@acme.example');
    await world.append(person, person.registered(), person.allowed('198.51.100.0/24'));
    await world.happened(person, person.denied('010.0.0.1', { reason: 'source-ip-invalid' }));
    expect(await deniedIps(person)).toMatchObject([{ ip: '010.0.0.1', stillDenied: true, suggestedEntries: [] }]);
  });

  it('of a removed SMTP user stay, none of them still denied: its logins are an unknown one’s', async () => {
    const person = new Person('f@acme.example');
    await world.append(person, person.registered(), person.allowed('198.51.100.0/24'));
    await world.append(person, person.denied('203.0.113.9'));
    await world.happened(person, person.removed());
    expect(await deniedIps(person)).toMatchObject([{ ip: '203.0.113.9', stillDenied: false, suggestedEntries: [] }]);
  });

  it('walked page by page while new addresses are denied skips none and repeats none', async () => {
    const person = new Person('g@acme.example');
    await world.append(person, person.registered());
    const before = Array.from({ length: 17 }, (_, i) => `203.0.113.${i}`);
    await world.happened(person, ...before.map((ip, i) => person.denied(ip, { occurredAt: at(i % 3) })));
    let added = 0;
    const walked = await world.walk<DeniedIp>(admin, `${urlOf(person)}?limit=3`, async () => {
      added += 1;
      await world.happened(person, person.denied(`198.51.100.${added}`, { occurredAt: at(added % 5) }));
    });
    const seen = walked.map(({ ip }) => ip);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((ip) => before.includes(ip)).sort()).toEqual([...before].sort());
  });

  it('accepts a period, and shows only addresses that were denied in it', async () => {
    const person = new Person('i@acme.example');
    await world.append(person, person.registered());
    await world.happened(
      person,
      ...[1, 5].map((minute) => person.denied('203.0.113.1', { occurredAt: at(minute) })),
      person.denied('203.0.113.2', { occurredAt: at(8) }),
    );
    const found = async (query: string) => {
      const { body } = await world.get<{ items: DeniedIp[] }>(admin, `${urlOf(person)}?${query}`);
      return body.items.map(({ ip }) => ip);
    };
    expect(await found(`from=${at(5)}`)).toEqual(['203.0.113.2', '203.0.113.1']);
    expect(await found(`from=${at(6)}`)).toEqual(['203.0.113.2']);
    expect(await found(`to=${at(8)}`)).toEqual(['203.0.113.1']);
    expect(await found(`from=${at(2)}&to=${at(3)}&limit=1`)).toEqual([]);
    expect(await found(`from=${at(1)}&to=${at(2)}`)).toEqual(['203.0.113.1']);
    expect(await found(`from=${at(5)}&to=${at(6)}`)).toEqual(['203.0.113.1']);
    expect(await found(`to=${at(1)}`)).toEqual([]);
  });

  it('finds an address, or another text, by a denial between its first and its last one', async () => {
    const [person, other] = [new Person('j@acme.example'), new Person('k@acme.example')];
    await world.append(other, other.registered(), other.denied('203.0.113.1', { occurredAt: at(7) }));
    await world.append(person, person.registered());
    await world.happened(
      person,
      ...['203.0.113.1', 'no address'].flatMap((ip) =>
        [1, 5, 9].map((minute) => person.denied(ip, { occurredAt: at(minute) })),
      ),
    );
    const found = async (from: number, to: number) => {
      const { body } = await world.get<{ items: DeniedIp[] }>(admin, `${urlOf(person)}?from=${at(from)}&to=${at(to)}`);
      return body.items.map(({ ip }) => ip).sort();
    };
    expect(await found(2, 5)).toEqual([]);
    expect(await found(5, 6)).toEqual(['203.0.113.1', 'no address']);
    expect(await found(6, 9)).toEqual([]);
  });

  it('keeps the totals when the denials themselves are gone', async () => {
    const person = new Person('h@acme.example');
    await world.append(person, person.registered());
    await world.happened(person, person.denied('203.0.113.9', { count: 41 }));
    await world.sql('DELETE FROM audit.denials WHERE smtp_user_id = $1', [person.smtpUserId]);
    expect(await deniedIps(person)).toMatchObject([{ ip: '203.0.113.9', count: 41 }]);
  });
});
