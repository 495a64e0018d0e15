import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@postern/testing';
import { AuditWorld } from '../testing/audit-world.js';
import { askForExport, linesOf, readRest } from '../testing/export-client.js';
import { Person } from '../testing/happenings.js';
import type { Denial } from './list-denials.js';

/** 20 MB: more than the kernel's buffers take from a reader that does not read. */
const DENIALS = 60_000;
const PAGE = 1_000;
const NDJSON = 'application/x-ndjson';
const CSV = 'text/csv';

let world: AuditWorld;
let url: string;
let auditor: string;
const flooded = new Person('flooded@acme.example');
const quiet = new Person('=cmd@acme.example');
const ofUser = (person: Person) => `${url}/v1/tenants/acme/smtp-users/${person.smtpUserId}/denials`;
const at = (minute: number) => `2026-11-20T08:${String(minute).padStart(2, '0')}:00.000Z`;

beforeAll(async () => {
  world = await AuditWorld.create({ stalledMs: 3_000, atOnce: 3, atOnceByKey: 2, pageRows: PAGE });
  url = await world.listen();
  auditor = await world.key('auditor', 'acme');
  await world.append(flooded, flooded.registered());
  await world.append(quiet, quiet.registered());
  await world.happened(
    quiet,
    quiet.denied('203.0.113.9', { occurredAt: at(1), relay: '@SUM(1+1)', count: 7 }),
    quiet.denied('2001:db8::9', { occurredAt: at(2), relay: 'mx "two", main', mode: 'report-only', refused: false }),
    quiet.denied('-1', { occurredAt: at(3), reason: 'source-ip-invalid', relay: '\uFF1Dmx' }),
  );
  await world.sql(
    `INSERT INTO audit.denials (id, occurred_at, recorded_at, position, smtp_user_id, count, refused, tenant_id, username, ip,
                                address, relay, reason, mode)
     SELECT gen_random_uuid(), timestamptz '2026-11-19T00:00:00Z' + (i / 3) * interval '1 second', now(), 1000000 + i, $1, 1,
            true, 'acme', $2, '203.0.113.9', '203.0.113.9', 'mx1', 'ip-not-authorized', 'enforce'
       FROM generate_series(1, $3) i`,
    [flooded.smtpUserId, flooded.username, DENIALS],
  );
});
afterAll(() => world?.end());

async function metric(name: string): Promise<number> {
  const { payload } = await world.app.inject({ method: 'GET', url: '/metrics' });
  const line = payload.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}
const running = () => metric('postern_exports_running');
const noneRuns = () => until(async () => (await running()) === 0, 'the end of every export');

/** Sessions that hold a transaction open, or a query that waits for anybody. */
async function openTransactions(): Promise<number> {
  const [row] = await world.sql<{ open: number }>(
    `SELECT count(*)::integer AS open FROM pg_stat_activity
      WHERE datname = current_database() AND usename = 'postern_audit_reader' AND state <> 'idle'`,
  );
  return row?.open ?? 0;
}

describe('an export of denials', () => {
  it('as NDJSON has each once, newest first, as the pages have them', async () => {
    const response = await askForExport(ofUser(flooded), auditor, NDJSON);
    expect([response.statusCode, response.headers['content-type'], response.headers.vary]).toEqual([
      200,
      'application/x-ndjson; charset=utf-8',
      'accept',
    ]);
    const { text, whole } = await readRest(response);
    const items = linesOf<Denial>(text);
    expect([whole, items.length, new Set(items.map(({ id }) => id)).size]).toEqual([true, DENIALS, DENIALS]);
    const page = await world.get<{ items: Denial[] }>(auditor, `${new URL(ofUser(flooded)).pathname}?limit=500`);
    expect(items.slice(0, 500)).toEqual(page.body.items);
    expect(items.map(({ occurredAt }) => occurredAt)).toEqual(
      items
        .map(({ occurredAt }) => occurredAt)
        .toSorted()
        .toReversed(),
    );
  });

  it('as CSV is what RFC 4180 says, and has nothing in it that a spreadsheet would run', async () => {
    const response = await askForExport(ofUser(quiet), auditor, CSV);
    const { text, whole } = await readRest(response);
    const { body } = await world.get<{ items: Denial[] }>(auditor, new URL(ofUser(quiet)).pathname);
    const rest = ({ id, occurredAt, recordedAt }: Denial) => [id, occurredAt, recordedAt, 'acme', quiet.smtpUserId];
    const [third, second, first] = body.items as [Denial, Denial, Denial];
    expect(whole).toBe(true);
    expect(text).toBe(
      [
        'id,occurredAt,recordedAt,tenantId,smtpUserId,username,ip,relay,reason,mode,refused,count',
        [...rest(third), "'=cmd@acme.example", "'-1", "'\uFF1Dmx", 'source-ip-invalid', 'enforce', 'true', '1'].join(),
        [
          ...rest(second),
          "'=cmd@acme.example",
          '2001:db8::9',
          '"mx ""two"", main"',
          'ip-not-authorized,report-only,false,1',
        ].join(),
        [...rest(first), "'=cmd@acme.example", '203.0.113.9', "'@SUM(1+1)", 'ip-not-authorized,enforce,true,7'].join(),
        '',
      ].join('\r\n'),
    );
    expect([response.headers['content-type'], response.headers['content-disposition']]).toEqual([
      'text/csv; charset=utf-8; header=present',
      'attachment; filename="denials.csv"',
    ]);
  });

  it('accepts the filters and the cursor of the list, but no limit, which would make it look complete', async () => {
    const ips = async (query: string) => {
      const { text } = await readRest(await askForExport(`${ofUser(quiet)}?${query}`, auditor, NDJSON));
      return linesOf<Denial>(text).map(({ ip }) => ip);
    };
    expect(await ips(`from=${at(2)}`)).toEqual(['-1', '2001:db8::9']);
    expect(await ips('ip=203.0.113.0/24')).toEqual(['203.0.113.9']);
    expect(await ips('relay=nobody')).toEqual([]);
    const { pathname } = new URL(ofUser(quiet));
    const page = await world.get<{ nextCursor: string }>(auditor, `${pathname}?limit=1`);
    expect(await ips(`cursor=${page.body.nextCursor}`)).toEqual(['2001:db8::9', '203.0.113.9']);
    const refused = await askForExport(`${ofUser(quiet)}?limit=500`, auditor, CSV);
    expect([refused.statusCode, JSON.parse((await readRest(refused)).text)]).toMatchObject([
      422,
      { code: 'validation-failed', errors: [{ pointer: '?limit' }] },
    ]);
  });

  it('is chosen by ?format=, not by what a browser accepts', async () => {
    const browser = 'text/html,application/xhtml+xml,*/*;q=0.8';
    const typeOf = async (query: string) => {
      const response = await askForExport(`${ofUser(quiet)}?${query}`, auditor, browser);
      response.destroy();
      return [response.statusCode, response.headers['content-type']?.split(';')[0]];
    };
    expect(await typeOf('relay=mx1')).toEqual([200, 'application/json']);
    expect(await typeOf('format=csv')).toEqual([200, 'text/csv']);
    expect(await typeOf('format=ndjson')).toEqual([200, 'application/x-ndjson']);
    expect(await typeOf('format=xls')).toEqual([422, 'application/problem+json']);
  });

  it('that is empty is a header in CSV, and nothing in NDJSON', async () => {
    const url = `${ofUser(quiet)}?relay=nobody`;
    expect((await readRest(await askForExport(url, auditor, CSV))).text).toMatch(/^id,.*,count\r\n$/);
    expect(await readRest(await askForExport(url, auditor, NDJSON))).toEqual({ text: '', whole: true });
  });

  it('answers HEAD with only its headers', async () => {
    const { pathname } = new URL(ofUser(flooded));
    const headers = { authorization: `Bearer ${auditor}`, accept: CSV };
    const answer = await world.app.inject({ method: 'HEAD', url: pathname, headers });
    expect([answer.statusCode, answer.payload, answer.headers['content-type']]).toEqual([
      200,
      '',
      'text/csv; charset=utf-8; header=present',
    ]);
    const unknown = pathname.replace(flooded.smtpUserId, 'x');
    expect((await world.app.inject({ method: 'HEAD', url: unknown, headers })).statusCode).toBe(404);
  });

  it('that cannot begin is a problem as any other', async () => {
    const response = await askForExport(ofUser(flooded).replace(flooded.smtpUserId, 'x'), auditor, CSV);
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      404,
      'application/problem+json; charset=utf-8',
    ]);
    response.destroy();
  });
});

describe('the readers of exports', () => {
  it('that read nothing hold no transaction, are dropped after a while, and free their turn', async () => {
    const stalled = await askForExport(ofUser(flooded), auditor, CSV);
    const { received } = await idle(stalled);
    expect(received).toBe(true);
    await noneRuns();
    const { text, whole } = await readRest(stalled);
    expect([whole, text.split('\r\n').length < DENIALS]).toEqual([false, true]);
    expect(await metric('postern_exports_total{format="csv",end="stalled"}')).toBe(1);
  });

  it('that are slow get everything', async () => {
    const response = await askForExport(ofUser(flooded), auditor, NDJSON);
    const closed = new Promise((done) => response.once('close', done));
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      await new Promise((done) => setImmediate(done));
    }
    await closed;
    expect([response.complete, linesOf(text).length]).toEqual([true, DENIALS]);
  });

  it('that go away leave nothing running', async () => {
    const leaving = [
      await askForExport(ofUser(flooded), auditor, NDJSON),
      await askForExport(ofUser(flooded), auditor, CSV),
    ];
    expect(await running()).toBe(2);
    for (const response of leaving) response.destroy();
    await noneRuns();
    await until(async () => (await openTransactions()) === 0, 'the end of every query');
  });

  it('are bounded by key and in all: the next one is asked to try again later', async () => {
    const other = await world.key('admin', 'acme');
    const third = await world.key('operator');
    const open = [
      await askForExport(ofUser(flooded), auditor, NDJSON),
      await askForExport(ofUser(flooded), auditor, NDJSON),
      await askForExport(ofUser(flooded), other, NDJSON),
    ];
    const detail = expect.stringMatching(/^This process sends at most 3 exports at once, and 2 of one API key\. /);
    for (const key of [auditor, third]) {
      const refused = await askForExport(ofUser(flooded), key, NDJSON);
      expect([refused.statusCode, refused.headers['retry-after'], JSON.parse((await readRest(refused)).text)]).toEqual([
        429,
        '10',
        expect.objectContaining({ code: 'too-many-requests', detail }),
      ]);
    }
    expect((await world.get(auditor, new URL(ofUser(flooded)).pathname)).status).toBe(200);
    for (const response of open) response.destroy();
    await noneRuns();
  });
});

/** Waits until a reader that takes nothing is waited for, by nobody's transaction. */
async function idle(response: { readonly readableLength: number }): Promise<{ received: boolean }> {
  await until(async () => (await openTransactions()) === 0, 'the end of every query');
  return { received: response.readableLength > 0 };
}

describe('an export that fails in its midst', () => {
  it.each([
    [NDJSON, 'ndjson'],
    [CSV, 'csv'],
  ])('as %s, since the database is gone, says so in its last line, and is cut off', async (accept, format) => {
    const response = await askForExport(ofUser(flooded), auditor, accept);
    await idle(response);
    await world.withoutDatabase(async () => {
      const { text, whole } = await readRest(response);
      expect(whole).toBe(false);
      const last = text.trimEnd().split('\n').at(-1) ?? '';
      const detail = /The export broke off after \d+ rows and is not complete\. Read the rest with \?cursor=\S+\. /;
      if (format === 'csv') expect(last).toMatch(/^"?#error export-incomplete: The export broke off after \d+ rows/);
      else {
        expect(JSON.parse(last)).toEqual({
          error: {
            type: 'urn:postern:problem:export-incomplete',
            title: 'The export is not complete',
            status: 503,
            detail: expect.stringMatching(detail),
            code: 'export-incomplete',
            requestId: expect.any(String),
            errors: [],
            rows: text.trimEnd().split('\n').length - 1,
            nextCursor: expect.any(String),
          },
        });
        expect(linesOf(text).length).toBeLessThan(DENIALS);
      }
    });
    await noneRuns();
    expect(await metric(`postern_exports_total{format="${format}",end="failed"}`)).toBe(1);
  });

  it('continues after its last row for a request with the cursor', async () => {
    const response = await askForExport(ofUser(flooded), auditor, NDJSON);
    await idle(response);
    const first = await world.withoutDatabase(async () => (await readRest(response)).text);
    const lines = linesOf<Denial & { error?: { nextCursor: string } }>(first);
    const cursor = lines.pop()?.error?.nextCursor;
    const { text, whole } = await readRest(await askForExport(`${ofUser(flooded)}?cursor=${cursor}`, auditor, NDJSON));
    const ids = [...lines, ...linesOf<Denial>(text)].map(({ id }) => id);
    expect([whole, ids.length, new Set(ids).size]).toEqual([true, DENIALS, DENIALS]);
  });
});

describe('an export whose key is revoked by any process', () => {
  const revoke = (key: string) =>
    world.sql('UPDATE access.api_keys SET revoked_at = now() WHERE id = $1', [key.split('_')[2]]);
  const revokedEnds = (format: string) => metric(`postern_exports_total{format="${format}",end="key-revoked"}`);

  it.each([
    [NDJSON, 'ndjson'],
    [CSV, 'csv'],
  ])('as %s says so in its last line, and is cut off', async (accept, format) => {
    const key = await world.key('auditor', 'acme');
    const response = await askForExport(ofUser(flooded), key, accept);
    await idle(response);
    await revoke(key);
    await until(async () => (await revokedEnds(format)) === 1, 'the end of the export');
    const { text, whole } = await readRest(response);
    expect(whole).toBe(false);
    const last = text.trimEnd().split('\n').at(-1);
    expect(last).toMatch(
      /export-incomplete.*The API key was revoked, or the session ended: the export broke off after \d+ rows/,
    );
    await noneRuns();
  });

  it('is cut off even if its reader reads nothing', async () => {
    const key = await world.key('auditor', 'acme');
    const response = await askForExport(ofUser(flooded), key, NDJSON);
    await idle(response);
    const before = await revokedEnds('ndjson');
    const connections = promisify(world.app.getHttpServer().getConnections.bind(world.app.getHttpServer()));
    await revoke(key);
    await until(async () => (await revokedEnds('ndjson')) === before + 1, 'the end of the export');
    await until(async () => (await connections()) === 0, 'the end of its connection');
    expect((await readRest(response)).whole).toBe(false);
  });
});

describe('an export that takes too long', () => {
  it('is broken off after a page, and says so', async () => {
    const hasty = await AuditWorld.create({ totalMs: 0, pageRows: 2 });
    try {
      const url = await hasty.listen();
      const key = await hasty.key('auditor', 'acme');
      const person = new Person('a@acme.example');
      await hasty.append(person, person.registered());
      await hasty.happened(person, ...[1, 2, 3].map((i) => person.denied('192.0.2.1', { occurredAt: at(i) })));
      const { text, whole } = await readRest(await askForExport(`${url}/v1/tenants/acme/denials`, key, NDJSON));
      expect([whole, linesOf<{ error?: { code: string } }>(text).map(({ error }) => error?.code)]).toEqual([
        false,
        [undefined, undefined, 'export-incomplete'],
      ]);
    } finally {
      await hasty.end();
    }
  });
});
