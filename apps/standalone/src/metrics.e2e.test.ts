import '../../relay-agent/src/agent-metrics.js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ensureFirstOperatorKey } from '@postern/command-service';
import { TOPICS } from '@postern/contracts';
import { createHttpApp } from '@postern/process';
import { loadSettings } from '@postern/settings';
import { metrics } from '@postern/observe';
import { asking, createTestDatabase, type Ask, type TestDatabase, until, openClient } from '@postern/testing';
import { migrateAll } from './database.js';
import { StandaloneModule } from './standalone.module.js';

let database: TestDatabase;
let app: NestFastifyApplication;
let url: string;
let ask: Ask;
beforeAll(async () => {
  database = await createTestDatabase('standalone', migrateAll);
  const settings = { ...loadSettings({ POSTERN_LOG_LEVEL: 'silent' }), databaseUrl: database.url };
  app = await createHttpApp(StandaloneModule.forRoot(settings), settings);
  const key = await ensureFirstOperatorKey(app, null);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  ask = asking(url, key ?? '');
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

const scrape = async () => (await fetch(`${url}/metrics`)).text();
/** The value of a series by its exact text; undefined where it is not there. */
const valueOf = (text: string, series: string) => {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};
const CONSUMERS = ['relay-policies', 'smtp-user-directory', 'audit-changes', 'audit-denials'];
const lagOf = (text: string, consumer: string) => ({
  events: valueOf(text, `postern_feed_lag_events{consumer="${consumer}"}`),
  seconds: valueOf(text, `postern_feed_lag_seconds{consumer="${consumer}"}`),
});

describe('the feed lag', () => {
  it('is 0 of each consumer once all is handled, and grows while nothing is handled', async () => {
    await ask('POST', '/v1/tenants', { id: 'acme', name: 'Acme' });
    const { key } = (await ask('POST', '/v1/tenants/acme/api-keys', { role: 'admin', name: 'test' })).body;
    const admin = asking(url, key);
    await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'a@x' });
    const idle = CONSUMERS.map(() => ({ events: 0, seconds: 0 }));
    const lags = async () => {
      const text = await scrape();
      return CONSUMERS.map((consumer) => lagOf(text, consumer));
    };
    const areIdle = (seen: unknown) => JSON.stringify(seen) === JSON.stringify(idle);
    await until(lags, 'no lag', areIdle);

    // The feed holds everything back for a transaction that is open: no consumer handles anything, and none fails.
    const older = await openClient(database.url);
    await older.query('BEGIN; SELECT pg_current_xact_id()');
    await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'b@x' });
    await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'c@x' });
    const behind = async (events: number, seconds: number) => {
      const text = await scrape();
      return CONSUMERS.slice(0, 3).every((consumer) => {
        const lag = lagOf(text, consumer);
        return lag.events === events && (lag.seconds ?? 0) > seconds;
      });
    };
    for (const seconds of [0, 2]) {
      await until(() => behind(2, seconds), `a lag of 2 events and more than ${seconds} s`);
    }
    const text = await scrape();
    for (const consumer of CONSUMERS.slice(3)) expect(lagOf(text, consumer)).toEqual({ events: 0, seconds: 0 });
    await older.query('COMMIT');
    await older.end();
    await until(lags, 'no lag again', areIdle);
  });
});

describe('the halted partitions', () => {
  it('are there for each consumer and topic from the start, so that an alert has something to compare with', async () => {
    const halted = (await scrape())
      .split('\n')
      .filter((line) => line.startsWith('postern_consumer_halted_partitions{'));
    const of = (consumer: string, topic: string) =>
      `postern_consumer_halted_partitions{consumer="${consumer}",topic="${topic}"} 0`;
    expect(halted.toSorted()).toEqual(
      [
        of('relay-policies', TOPICS.smtpUsers),
        of('smtp-user-directory', TOPICS.smtpUsers),
        of('audit-changes', TOPICS.smtpUsers),
        of('audit-changes', TOPICS.tenants),
        of('audit-denials', TOPICS.authDenials),
      ].toSorted(),
    );
  });
});

describe('the count of requests', () => {
  it('is by the pattern of the route, so that no caller makes new series', async () => {
    const series = (text: string) => text.split('\n').filter((line) => line.startsWith('postern_http_requests_total{'));
    await ask('GET', '/v1/tenants/acme/smtp-users/first');
    await ask('GET', '/nowhere/first');
    const before = await until(
      async () => series(await scrape()),
      'the series of both',
      (lines) => lines.some((line) => line.includes('unmatched')),
    );
    for (const name of ['second', 'third', 'fourth']) {
      await ask('GET', `/v1/tenants/acme/smtp-users/${name}`);
      await ask('DELETE', `/nowhere/${name}`);
    }
    const after = series(await scrape());
    const names = (lines: string[]) => lines.map((line) => line.split(' ')[0]).sort();
    // A scrape counts itself after it has ended.
    expect(names(after).filter((name) => !name?.includes('/metrics'))).toEqual(
      names(before).filter((name) => !name?.includes('/metrics')),
    );
    const text = await scrape();
    expect(
      valueOf(
        text,
        'postern_http_requests_total{method="GET",route="/v1/tenants/:tenantId/smtp-users/:smtpUserId",status="404"}',
      ),
    ).toBeGreaterThanOrEqual(4);
  });
});

interface Registered {
  readonly name: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** What a process registers, by the names that a query may use: a histogram has three. */
function queryable(): Map<string, Registered> {
  const all = new Map<string, Registered>();
  for (const metric of metrics.getMetricsAsArray() as unknown as Registered[]) {
    const { name, type } = metric;
    const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name];
    for (const each of names) all.set(each, metric);
  }
  return all;
}

const TARGET_LABELS = ['job', 'instance', 'le'];
const METRIC = /\b(?:postern|process|nodejs)_[a-z0-9_]+/g;

/** What is wrong with a query: metrics and labels that the process does not have. */
function faultsOf(expression: string): string[] {
  const known = queryable();
  const used = expression.match(METRIC) ?? [];
  const labels = new Set(used.flatMap((name) => [...(known.get(name)?.labelNames ?? [])]).concat(TARGET_LABELS));
  const matchers = [...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/([a-z_]+)\s*[=!]~?=?/g)].map(([, label = '']) => label),
  );
  const grouped = [...expression.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, inside = '']) =>
    inside.split(',').map((label) => label.trim()),
  );
  return [
    ...used.filter((name) => !known.has(name)).map((name) => `no metric ${name}`),
    ...[...matchers, ...grouped].filter((label) => !labels.has(label)).map((label) => `no label ${label}`),
  ].map((fault) => `${fault} in ${expression}`);
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly datasource?: unknown;
  readonly targets?: readonly { readonly expr: string; readonly refId: string; readonly datasource: unknown }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

describe('the Grafana dashboard', () => {
  const file = new URL('../../../docs/grafana/postern.json', import.meta.url);
  const read = async () => JSON.parse(await readFile(file, 'utf8')) as Dashboard;

  it('asks for nothing that the process does not have, and for each metric of Postern', async () => {
    const { panels } = await read();
    const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(expressions.flatMap(faultsOf)).toEqual([]);
    const shown = new Set(expressions.flatMap((each) => each.match(METRIC) ?? []).map((name) => queryable().get(name)));
    const hidden = [...queryable().values()].filter(
      (metric) => metric.name.startsWith('postern_') && !shown.has(metric),
    );
    expect([...new Set(hidden.map(({ name }) => name))]).toEqual([]);
  });

  it('is complete: no panels overlap, and each uses the data source that the reader chooses', async () => {
    const { uid, panels, templating } = await read();
    expect(uid).toBe('postern');
    expect(templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
    ]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { type, title, gridPos, datasource, targets = [] } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, taken.has(`${x} ${y}`), x < 24]).toEqual([title, false, true]);
          taken.add(`${x} ${y}`);
        }
      }
      if (type === 'row') continue;
      const chosen = { type: 'prometheus', uid: '${datasource}' };
      expect([title, datasource, targets.length > 0]).toEqual([title, chosen, true]);
      expect(targets.map(({ datasource: source }) => source)).toEqual(targets.map(() => chosen));
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
  });
});

describe('which program this is', () => {
  it('is the version of package.json and the commit that was built, alike in metrics, health and the document', async () => {
    const root = new URL('../../../', import.meta.url);
    const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { version: string };
    const built = (await readFile(new URL('dist/commit', root), 'utf8')).trim();
    expect(execFileSync('git', ['rev-parse', '--verify', `${built}^{commit}`], { encoding: 'utf8' })).toBe(
      `${built}\n`,
    );
    const commit = built.slice(0, 12);

    const infos = (await scrape()).split('\n').filter((line) => line.startsWith('postern_build_info'));
    expect(infos).toEqual([`postern_build_info{version="${version}",commit="${commit}"} 1`]);
    expect((await ask('GET', '/health/live')).body).toEqual({ status: 'live', version, commit });
    expect((await ask('GET', '/health/ready')).body).toEqual({ status: 'ready', version, commit });
    expect((await ask('GET', '/openapi.json')).body.info.version).toBe(version);
  });
});

describe('the alert rules', () => {
  it('ask for nothing that the process does not have, and each says what it means', async () => {
    const text = await readFile(new URL('../../../docs/prometheus-alerts.yml', import.meta.url), 'utf8');
    const alerts = text.split(/^ +- alert: /m).slice(1);
    expect(alerts.length).toBeGreaterThan(10);
    for (const alert of alerts) {
      const expression = /^ +expr: (.+)$/m.exec(alert)?.[1] ?? '';
      expect(expression).not.toBe('');
      expect(faultsOf(expression)).toEqual([]);
      expect(alert).toMatch(/severity: (page|ticket)[\s\S]*summary: '/);
    }
  });
});
