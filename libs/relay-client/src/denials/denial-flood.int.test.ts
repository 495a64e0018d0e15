import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@postern/testing';
import { RelayClient } from '../relay-client.js';
import type { RelayClientSettings } from '../settings.js';
import { TestControlPlane } from '../testing/control-plane.js';
import { policy } from '../testing/policies.js';

let plane: TestControlPlane;
let client: RelayClient;
beforeEach(async () => {
  plane = new TestControlPlane();
  await plane.listen();
  plane.set(policy('app@acme.example'));
});
afterEach(async () => {
  await client.stop(0);
  await plane.kill();
});

async function started(settings: Partial<RelayClientSettings> = {}): Promise<void> {
  client = new RelayClient({ urls: [plane.url], key: plane.key, relayName: 'mx1', flushIntervalMs: 5, ...settings });
  await client.start();
}

function flood(logins: number): void {
  for (let i = 0; i < logins; i++) client.decide('app@acme.example', '198.51.100.1');
}

const counts = (): number[] => plane.received.flat().map(({ count }) => count);

describe('a relay client in a flood of denials', () => {
  it('reports the first at once and, when it stops, the rest as a count; none is left', async () => {
    await started();
    flood(1_000);
    expect(client.status()).toMatchObject({ queuedDenials: 2, foldedDenials: 999, countingDenials: 999 });
    await until(() => counts().length === 1, 'the first has arrived');
    await client.stop();
    expect(counts()).toEqual([1, 999]);
    expect(client.status()).toMatchObject({
      queuedDenials: 0,
      foldedDenials: 999,
      countingDenials: 0,
      acknowledgedDenials: 2,
      droppedDenials: 0,
    });
  });

  it('reports the count after each window without another denial', async () => {
    let elapsed = 0;
    await started({ foldWindowMs: 20, elapsed: () => elapsed });
    flood(5);
    elapsed = 20;
    await until(() => counts().length === 2, 'the window has closed');
    expect(counts()).toEqual([1, 4]);
  });

  it('is not misled by a clock that is set back', async () => {
    let now = Date.parse('2026-11-01T12:00:00Z');
    let elapsed = 0;
    await started({ foldWindowMs: 20, clock: () => now, elapsed: () => elapsed });
    flood(2);
    now -= 3_600_000;
    flood(3);
    elapsed = 20;
    await until(() => counts().length === 2, 'the window has closed');
    expect(plane.received.flat().map(({ count, occurredAt }) => [count, occurredAt])).toEqual([
      [1, '2026-11-01T12:00:00.000Z'],
      [4, '2026-11-01T11:00:00.000Z'],
    ]);
  });

  it('counts the logins that found no room in the spool as dropped, not the records', async () => {
    plane.onDenials.push(() => undefined);
    await started({ maxDenials: 1 });
    flood(100);
    await client.stop(0);
    expect(client.status()).toMatchObject({ queuedDenials: 1, foldedDenials: 0, droppedDenials: 99 });
  });
});
