import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { MAX_DENIALS_PER_REPORT, isUuid, newId } from '@postern/contracts';
import type { DenialReport } from '@postern/contracts';
import { until } from '@postern/testing';
import type { RelayProblem } from '../status.js';
import { RelayClient } from '../relay-client.js';
import { completeSettings } from '../settings.js';
import { TestControlPlane } from '../testing/control-plane.js';
import { policy } from '../testing/policies.js';
import { DenialReporter } from './denial-reporter.js';
import { DenialSpool } from './denial-spool.js';

const NOW = Date.parse('2026-11-01T12:00:00.000Z');

let plane: TestControlPlane;
let reporter: DenialReporter;
let spool: DenialSpool;
let problems: RelayProblem[];

beforeEach(async () => {
  plane = new TestControlPlane();
  await plane.listen();
  problems = [];
  create(30_000);
});

function create(requestTimeoutMs: number): void {
  const settings = completeSettings({
    urls: [plane.url],
    key: plane.key,
    relayName: 'mx1',
    maxDenials: 5_000,
    flushIntervalMs: 5,
    requestTimeoutMs,
    retryBaseMs: 5,
    retryMaxMs: 20,
    refusedRetryMs: 20,
    elapsed: () => NOW,
    onProblem: (problem: RelayProblem) => void problems.push(problem),
  });
  spool = new DenialSpool(settings);
  reporter = new DenialReporter(settings, spool);
}

afterEach(async () => {
  await reporter.stop(0);
  await plane.kill();
});

const denial = (ip = '198.51.100.1'): DenialReport => ({
  id: newId(),
  username: 'app@acme.example',
  ip,
  occurredAt: '2026-11-01T12:00:00.000Z',
  relay: 'mx1',
  reason: 'ip-not-authorized',
  mode: 'enforce',
  count: 1,
});
const record = (count: number): string[] =>
  Array.from({ length: count }, () => {
    const report = denial();
    reporter.record(report);
    return report.id;
  });
const receivedIds = (): string[] => plane.received.flat().map((report) => report.id);

const HTML = '<html><body>Too large, says the proxy</body></html>';
const answer = (response: ServerResponse, body: unknown): void =>
  void response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
const problem = (response: ServerResponse, status: number, code: string, type = 'application/problem+json'): void =>
  void response.writeHead(status, { 'content-type': type }).end(JSON.stringify({ type: 'about:blank', status, code }));
const html = (response: ServerResponse, status: number): void =>
  void response.writeHead(status, { 'content-type': 'text/html' }).end(HTML);
const rejection = (id: string | undefined): unknown => ({ id, code: 'username-invalid', detail: 'no such form' });

describe('the denial reporter', () => {
  it('sends what was recorded, in order, in batches of at most a thousand', async () => {
    const ids = record(2_500);
    reporter.start();
    await until(() => reporter.acknowledged === 2_500, 'all are acknowledged');
    expect(receivedIds()).toEqual(ids);
    expect(plane.received.map((batch) => batch.length)).toEqual([1_000, 1_000, 500]);
    expect(spool.size).toBe(0);
  });

  it.each<[string, (batch: unknown, response: ServerResponse) => void]>([
    ['503', (_, response) => void response.writeHead(503).end()],
    ['429', (_, response) => void response.writeHead(429, { 'retry-after': '0' }).end()],
    ['401', (_, response) => void response.writeHead(401).end()],
    ['a broken connection', (_, response) => void response.destroy()],
    ['no answer in time', () => undefined],
    ['an answer that is no JSON', (_, response) => void response.end('oops')],
  ])('sends the same ids again after %s', async (failure, misbehave) => {
    create(failure === 'no answer in time' ? 1_000 : 30_000);
    plane.onDenials.push(misbehave, misbehave);
    const ids = record(3);
    reporter.start();
    await until(() => reporter.acknowledged === 3, 'all are acknowledged');
    expect(receivedIds()).toEqual(ids);
    expect(problems.map((problem) => problem.code)).toEqual(['denials-not-accepted', 'denials-not-accepted']);
  });

  it.each<[string, (batch: DenialReport[], response: ServerResponse) => void]>([
    ['an empty object', (_, response) => answer(response, {})],
    ['an empty list', (_, response) => answer(response, [])],
    ['a string', (_, response) => answer(response, 'ok')],
    ['null', (_, response) => answer(response, null)],
    ['too few', (_, response) => answer(response, { accepted: 2, duplicates: 0, rejected: [] })],
    ['too many', (_, response) => answer(response, { accepted: 3, duplicates: 1, rejected: [] })],
    ['a negative count', (_, response) => answer(response, { accepted: 4, duplicates: -1, rejected: [] })],
    ['counts as text', (_, response) => answer(response, { accepted: '3', duplicates: 0, rejected: [] })],
    ['no rejected', (_, response) => answer(response, { accepted: 3, duplicates: 0 })],
    [
      'a rejected one that was not sent',
      (_, response) => answer(response, { accepted: 2, duplicates: 0, rejected: [rejection(newId())] }),
    ],
    [
      'one rejected twice',
      ([first], response) =>
        answer(response, { accepted: 1, duplicates: 0, rejected: [rejection(first?.id), rejection(first?.id)] }),
    ],
    [
      'the right counts as another media type',
      (_, response) =>
        void response
          .writeHead(200, { 'content-type': 'text/html' })
          .end(JSON.stringify({ accepted: 3, duplicates: 0, rejected: [] })),
    ],
    ['HTML with 200', (_, response) => html(response, 200)],
    ['HTML with 400', (_, response) => html(response, 400)],
    ['HTML with 413', (_, response) => html(response, 413)],
    ['HTML with 422', (_, response) => html(response, 422)],
    ['a 400 of Postern', (_, response) => problem(response, 400, 'body-not-json')],
    ['a 413 in plain JSON', (_, response) => problem(response, 413, 'body-too-large', 'application/json')],
    ['a 422 of somebody else', (_, response) => problem(response, 422, 'no-code-of-posterns')],
    [
      'a 422 problem without a body',
      (_, response) => void response.writeHead(422, { 'content-type': 'application/problem+json' }).end(),
    ],
    ['a 204', (_, response) => void response.writeHead(204).end()],
  ])('keeps its denials, says why, and sends them again after %s', async (_, misbehave) => {
    const errors: (string | null)[] = [];
    plane.onDenials.push(misbehave, (batch, response) => {
      errors.push(reporter.lastError);
      misbehave(batch, response);
    });
    const ids = record(3);
    reporter.start();
    await until(() => reporter.acknowledged === 3, 'all are acknowledged');
    expect(receivedIds()).toEqual(ids);
    expect(errors).toEqual([expect.any(String)]);
    expect([reporter.rejected, reporter.lastError, spool.size]).toEqual([0, null, 0]);
    expect(problems.map(({ code }) => code)).toEqual(['denials-not-accepted', 'denials-not-accepted']);
  });

  it('splits a batch that Postern finds too large, and loses none of it', async () => {
    const ids = record(100);
    const refuseLarge = (batch: DenialReport[], response: ServerResponse): void => {
      plane.onDenials.push(refuseLarge);
      if (batch.length > 20) return problem(response, 413, 'body-too-large');
      plane.received.push(batch);
      answer(response, { accepted: batch.length, duplicates: 0, rejected: [] });
    };
    plane.onDenials.push(refuseLarge);
    reporter.start();
    await until(() => reporter.acknowledged === 100, 'all are acknowledged');
    expect(receivedIds()).toEqual(ids);
    expect(reporter.rejected).toBe(0);
  });

  it('counts and reports denials that the control plane refuses, and does not send them again', async () => {
    plane.onDenials.push((batch, response) => {
      const rejected = [{ id: batch[1]?.id, code: 'username-invalid', detail: 'no such form' }];
      answer(response, { accepted: 2, duplicates: 0, rejected });
    });
    record(3);
    reporter.start();
    await until(() => spool.size === 0, 'the spool is empty');
    expect([reporter.acknowledged, reporter.rejected]).toEqual([2, 1]);
    expect(problems).toEqual([{ code: 'denial-rejected', detail: expect.stringContaining('username-invalid') }]);
  });

  it('finds the one denial for which a complete batch is refused; all others arrive', async () => {
    const bad = denial('not an address');
    const before = record(300);
    reporter.record(bad);
    const behind = record(300);
    const refuseBad = (batch: DenialReport[], response: ServerResponse): void => {
      plane.onDenials.push(refuseBad);
      if (batch.some((report) => report.id === bad.id)) return problem(response, 422, 'validation-failed');
      plane.received.push(batch);
      answer(response, { accepted: batch.length, duplicates: 0, rejected: [] });
    };
    plane.onDenials.push(refuseBad);
    reporter.start();
    await until(() => spool.size === 0, 'the spool is empty');
    expect(receivedIds()).toEqual([...before, ...behind]);
    expect([reporter.acknowledged, reporter.rejected]).toEqual([600, 1]);
  });

  it('counts what finds no room, and raises one alarm, not thousands', () => {
    record(5_100);
    expect([spool.size, reporter.dropped]).toEqual([5_000, 100]);
    expect(problems.map((problem) => problem.code)).toEqual(['denial-dropped']);
  });

  it('sends what still waits before it ends', async () => {
    reporter.start();
    const ids = record(MAX_DENIALS_PER_REPORT + 1);
    await reporter.stop(5_000);
    expect(receivedIds()).toEqual(ids);
  });

  it('ends in time if nobody accepts the denials; they stay in the spool', async () => {
    await plane.kill();
    record(3);
    reporter.start();
    await reporter.stop(50);
    expect(spool.size).toBe(3);
    await plane.listen();
  });

  it('has a denial of each refused login and of each one that report-only allows, and of no other', async () => {
    plane.set(policy('app@x'));
    plane.set(policy('trial@x', { mode: 'report-only' }));
    plane.set(policy('free@x', { restricted: false, entries: [] }));
    const client = new RelayClient({
      urls: [plane.url],
      key: plane.key,
      relayName: 'mx7',
      flushIntervalMs: 5,
      clock: () => NOW,
    });
    await client.start();
    expect(client.decide('app@x', '203.0.113.42').decision).toBe('allow');
    expect(client.decide('free@x', '198.51.100.1').decision).toBe('allow');
    expect(client.decide('nobody@x', '198.51.100.1').decision).toBe('defer');
    expect(client.peek('app@x', '198.51.100.1').decision).toBe('deny');
    expect(client.decide('app@x', '198.51.100.1').decision).toBe('deny');
    expect(client.decide('trial@x', '198.51.100.2').decision).toBe('allow');
    expect(client.decide('trial@x', 'a00:1').decision).toBe('deny');
    await client.stop();
    const common = {
      relay: 'mx7',
      smtpUserId: '0198c0de-0000-7000-8000-000000000001',
      occurredAt: '2026-11-01T12:00:00.000Z',
      count: 1,
      id: expect.any(String),
    };
    expect(plane.received.flat()).toEqual([
      { ...common, username: 'app@x', ip: '198.51.100.1', reason: 'ip-not-authorized', mode: 'enforce' },
      { ...common, username: 'trial@x', ip: '198.51.100.2', reason: 'ip-not-authorized', mode: 'report-only' },
      { ...common, username: 'trial@x', ip: 'a00:1', reason: 'source-ip-invalid', mode: 'report-only' },
    ]);
    expect(plane.received.flat().every((report) => isUuid(report.id))).toBe(true);
  });
});
