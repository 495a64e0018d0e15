import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asking, startPosternProcess, type Ask, until, createAcme } from '@postern/testing';

const WRITERS = 8;
const USERS = 20;
/** How many acknowledged writes the kill waits for: it falls into the middle of the others. */
const BEFORE_THE_KILL = 200;

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'postern-killed-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

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
    const first = await startPosternProcess({ POSTERN_DATA_DIR: dataDir });
    const { admin, adminKey, relayKey } = await createAcme(first.url, first.operatorKey);
    const userIds: string[] = [];
    for (let i = 0; i < USERS; i += 1) {
      userIds.push((await admin('POST', '/v1/tenants/acme/smtp-users', { username: `user${i}@acme.example` })).body.id);
    }

    const acknowledged = new Map<string, string>();
    const writers = Array.from({ length: WRITERS }, (_, writer) => write(admin, writer, userIds, acknowledged));
    await until(() => acknowledged.size >= BEFORE_THE_KILL);
    await first.end('SIGKILL');
    await Promise.all(writers);

    const second = await startPosternProcess({ POSTERN_DATA_DIR: dataDir });
    try {
      // Also of what was committed and not acknowledged: else the lists and the relays' policies may be of different moments.
      await until(() => hasCaughtUp(second.url));
      const again = asking(second.url, adminKey);
      const listed = new Map<string, string[]>();
      for (const userId of userIds) {
        const own = [...acknowledged].filter(([, owner]) => owner === userId).map(([range]) => range);
        const ranges = await rangesOf(again, userId);
        expect(ranges).toEqual(expect.arrayContaining(own));
        expect(new Set(ranges).size).toBe(ranges.length);
        listed.set(userId, ranges);
      }
      expect(acknowledged.size).toBeGreaterThanOrEqual(BEFORE_THE_KILL);

      const snapshot = await fetch(`${second.url}/v1/relay/policies`, {
        headers: { authorization: `Bearer ${relayKey}` },
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
    } finally {
      await second.end('SIGTERM');
    }
  });
});
