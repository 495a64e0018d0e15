import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asking,
  pidIn,
  sendSignal,
  startPosternProcess,
  type Ask,
  type PosternProcess,
  until,
  createAcme,
} from '@postern/testing';

const WRITERS = 8;
const USERS = 20;
/** How many acknowledged writes the kill waits for: it falls into the middle of the others. */
const BEFORE_THE_KILL = 200;
const LANES = 16;
const KILLS_OF_POSTMASTER = 3;

let dataDir: string;
let postern: PosternProcess;
let keys: { readonly operator: string; readonly admin: string; readonly relay: string };
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'postern-killed-'));
  postern = await start();
  const { adminKey, relayKey } = await createAcme(postern.url, postern.operatorKey);
  keys = { operator: postern.operatorKey ?? '', admin: adminKey, relay: relayKey };
});
afterAll(async () => {
  await postern?.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
});

const start = () => startPosternProcess({ POSTERN_DATA_DIR: dataDir, POSTERN_LOG_LEVEL: 'error' });

/** Adds entries until the process is gone; returns each range that was acknowledged, and each that may or may not be stored. */
async function write(
  ask: Ask,
  writer: number,
  userIds: readonly string[],
  acknowledged: Map<string, string>,
): Promise<void> {
  for (let i = 0; i < 5_000; i += 1) {
    const range = `10.${writer}.${i >> 8}.${i & 255}`;
    const userId = userIds[i % userIds.length] as string;
    try {
      const { status } = await ask('POST', `/v1/tenants/acme/smtp-users/${userId}/restriction/entries`, {
        entries: [{ range }],
      });
      if (status === 201) acknowledged.set(range, userId);
    } catch {
      return;
    }
  }
}

async function rangesOf(ask: Ask, userId: string): Promise<string[]> {
  const { body } = await ask('GET', `/v1/tenants/acme/smtp-users/${userId}/restriction`);
  return body.entries.map((entry: { range: string }) => entry.range);
}

/** Whether every consumer has handled all events of the journal. */
async function hasCaughtUp(url: string): Promise<boolean> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const lags = [...metrics.matchAll(/^postern_feed_lag_events\{.*\} (\d+)$/gm)].map(([, events]) => Number(events));
  return lags.length > 0 && lags.every((events) => events === 0);
}

describe('a Postern that is killed with -9 under concurrent writes', () => {
  it('has every acknowledged write once after the next start, in the list, in the history and for relays', async () => {
    const admin = asking(postern.url, keys.admin);
    const userIds: string[] = [];
    for (let i = 0; i < USERS; i += 1) {
      userIds.push((await admin('POST', '/v1/tenants/acme/smtp-users', { username: `user${i}@acme.example` })).body.id);
    }

    const acknowledged = new Map<string, string>();
    const writers = Array.from({ length: WRITERS }, (_, writer) => write(admin, writer, userIds, acknowledged));
    await until(() => acknowledged.size >= BEFORE_THE_KILL);
    await postern.end('SIGKILL');
    await Promise.all(writers);

    postern = await start();
    // Also of what was committed and not acknowledged: else the lists and the relays' policies may be of different moments.
    await until(() => hasCaughtUp(postern.url));
    const again = asking(postern.url, keys.admin);
    const listed = new Map<string, string[]>();
    for (const userId of userIds) {
      const own = [...acknowledged].filter(([, owner]) => owner === userId).map(([range]) => range);
      const ranges = await rangesOf(again, userId);
      expect(ranges).toEqual(expect.arrayContaining(own));
      expect(new Set(ranges).size).toBe(ranges.length);
      listed.set(userId, ranges);
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(BEFORE_THE_KILL);

    const snapshot = await fetch(`${postern.url}/v1/relay/policies`, {
      headers: { authorization: `Bearer ${keys.relay}` },
    });
    const lines = (await snapshot.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const line of lines) {
      const ranges = line.entries.map((entry: { range: string }) => entry.range);
      expect(ranges.toSorted()).toEqual(listed.get(line.smtpUserId)?.toSorted());
    }
    expect(lines).toHaveLength(USERS);

    const history = await again('GET', `/v1/tenants/acme/smtp-users/${userIds[0]}/history?limit=500`);
    const versions = history.body.items
      .map((item: { version: number }) => item.version)
      .toSorted((a: number, b: number) => a - b);
    expect(versions).toEqual(versions.map((_: number, i: number) => i + 1));
  });
});

async function killPostmaster(): Promise<void> {
  const names = await readdir(dataDir, { recursive: true });
  const file = names.find((name) => name.endsWith('postmaster.pid')) ?? '';
  sendSignal(await pidIn(join(dataDir, file)), 'SIGKILL');
}

describe('requests in flight when the database’s postmaster dies', () => {
  it('are answered 503 where they are not answered well, never as a defect', async () => {
    const operator = asking(postern.url, keys.operator);
    const admin = asking(postern.url, keys.admin);
    const relay = asking(postern.url, keys.relay);
    const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'app@acme.example' })).body;
    const path = `/v1/tenants/acme/smtp-users/${user.id}`;
    const entries = [{ range: '192.0.2.1' }];
    const calls: ((n: number) => ReturnType<Ask>)[] = [
      (n) => admin('POST', '/v1/tenants/acme/smtp-users', { username: `u${n}@acme.example` }),
      (n) =>
        admin('POST', '/v1/tenants/acme/smtp-users', { username: `k${n}@acme.example` }, { 'idempotency-key': `${n}` }),
      () => admin('PUT', `${path}/restriction`, { entries }, { 'if-match': '*' }),
      () => relay('POST', '/v1/relay/decisions', { username: 'app@acme.example', ip: '198.51.100.1' }),
      (n) => operator('POST', '/v1/tenants', { id: `t${n}`, name: 'T' }),
      (n) => operator('POST', '/v1/api-keys', { role: 'relay', name: `r${n}` }),
      () => admin('GET', path),
      () => admin('GET', `/v1/tenants/acme/denials`),
    ];
    const answers = new Map<string, number>();
    const wrong: unknown[] = [];
    const load = { ended: false, sent: 0 };
    const lane = async (of: number): Promise<void> => {
      while (!load.ended) {
        const n = (load.sent += 1);
        const call = calls[(of + n) % calls.length];
        const { status, body } = await (call?.(n) ?? Promise.reject(new Error('no call'))).catch((error: unknown) => {
          load.ended = true;
          throw new Error(`Postern does not answer. It printed last: ${postern.output().slice(-3_000)}`, {
            cause: error,
          });
        });
        answers.set(`${status} ${body?.code ?? ''}`, (answers.get(`${status} ${body?.code ?? ''}`) ?? 0) + 1);
        if (status >= 500 && status !== 503) wrong.push(body);
      }
    };
    const lanes = Array.from({ length: LANES }, (_, of) => lane(of));
    for (let kill = 0; kill < KILLS_OF_POSTMASTER; kill += 1) {
      const enough = load.sent + 200;
      await until(() => load.sent >= enough);
      await killPostmaster();
      await until(async () => !(await fetch(`${postern.url}/health/ready`)).ok);
      await until(async () => (await fetch(`${postern.url}/health/ready`)).ok);
    }
    load.ended = true;
    await Promise.all(lanes);
    expect({ wrong, log: wrong.length > 0 ? postern.output() : '' }).toEqual({ wrong: [], log: '' });
    expect(answers.get('503 not-ready')).toBeGreaterThan(0);
  });
});
