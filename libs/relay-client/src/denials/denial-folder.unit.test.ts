import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DenialReport } from '@postern/contracts';
import { DenialFolder, type DeniedLogin } from './denial-folder.js';

const MINUTE = 60_000;

let now: number;
let reports: DenialReport[];
/** By id, of the records that are not to be sent yet. */
let counted: Map<string, number>;
let room: boolean;
let folder: DenialFolder;
const folderOf = (settings: { foldWindowMs?: number } = {}, maxWindows = 100): DenialFolder =>
  new DenialFolder(
    { foldWindowMs: MINUTE, elapsed: () => now, ...settings },
    (report, counting) => {
      if (!room) return false;
      if (counting) counted.set(report.id, report.count);
      else reports.push(report);
      return true;
    },
    maxWindows,
  );
beforeEach(() => {
  now = 1_000;
  reports = [];
  counted = new Map();
  room = true;
  folder = folderOf();
});

const login = (changes: Partial<DeniedLogin> = {}): DeniedLogin => ({
  username: 'app@acme.example',
  ip: '198.51.100.1',
  occurredAt: '2026-11-01T12:00:00.000Z',
  relay: 'mx1',
  reason: 'ip-not-authorized',
  mode: 'enforce',
  ...changes,
});
const counts = (): number[] => reports.map(({ count }) => count);

describe('the folding of denials', () => {
  it('reports the first of a flood at once and the rest as one record with the time of the last one', () => {
    for (let i = 0; i < 10; i++) folder.record(login({ occurredAt: `2026-11-01T12:00:0${i}.000Z` }));
    expect(counts()).toEqual([1]);
    expect(folder).toMatchObject({ folded: 9, waiting: 9 });
    now += MINUTE;
    folder.record(login({ ip: '203.0.113.1' }));
    const [first, rest] = reports;
    expect(first).toEqual({ ...login(), id: first?.id, count: 1 });
    expect(rest).toEqual({ ...login(), id: rest?.id, count: 9, occurredAt: '2026-11-01T12:00:09.000Z' });
    expect(rest?.id).not.toBe(first?.id);
  });

  it('continues counting while the flood lasts, and reports at once again after an empty window', () => {
    for (let minute = 0; minute < 3; minute++) {
      for (let i = 0; i < 5; i++) folder.record(login());
      now += MINUTE;
    }
    folder.record(login());
    expect(counts()).toEqual([1, 4, 5, 5]);
    now += MINUTE;
    folder.record(login({ ip: '203.0.113.1' }));
    now += MINUTE;
    folder.record(login());
    expect(counts()).toEqual([1, 4, 5, 5, 1, 1, 1]);
  });

  it.each([
    ['user', { username: 'other@acme.example' }],
    ['address', { ip: '198.51.100.2' }],
    ['reason', { reason: 'no-live-entry' }],
    ['mode', { mode: 'report-only' }],
  ] as const)('keeps another %s apart', (_, changes) => {
    folder.record(login());
    folder.record(login(changes));
    expect(counts()).toEqual([1, 1]);
  });

  it('counts a username in another case with the same user', () => {
    folder.record(login());
    folder.record(login({ username: 'APP@acme.example' }));
    expect(folder.waiting).toBe(1);
  });

  it('reports the oldest flood instead of forgetting it when there are too many', () => {
    folder = folderOf({}, 2);
    for (let i = 0; i < 3; i++) folder.record(login());
    folder.record(login({ ip: '198.51.100.2' }));
    folder.record(login({ ip: '198.51.100.3' }));
    expect(reports.map(({ ip, count }) => [ip, count])).toEqual([
      ['198.51.100.1', 1],
      ['198.51.100.2', 1],
      ['198.51.100.1', 2],
      ['198.51.100.3', 1],
    ]);
  });

  it('reports its counts when it stops, and later denials one by one', () => {
    for (let i = 0; i < 4; i++) folder.record(login());
    folder.stop();
    folder.record(login());
    folder.record(login());
    expect(counts()).toEqual([1, 3, 1, 1]);
    expect(folder.waiting).toBe(0);
  });

  it('puts each login of a flood into its record at once, and sends that record with the last count', () => {
    for (let i = 1; i <= 4; i++) {
      folder.record(login());
      expect([...counted.values()]).toEqual(i === 1 ? [] : [i - 1]);
    }
    folder.stop();
    expect(reports[1]).toMatchObject({ id: [...counted.keys()][0], count: 3 });
  });

  it('counts no login without room, and continues when there is room', () => {
    folder.record(login());
    room = false;
    folder.record(login());
    expect(folder).toMatchObject({ folded: 0, waiting: 0 });
    room = true;
    folder.record(login());
    folder.stop();
    expect(counts()).toEqual([1, 1]);
  });

  it('reports each on its own if the window is 0', () => {
    folder = folderOf({ foldWindowMs: 0 });
    for (let i = 0; i < 3; i++) folder.record(login());
    expect(counts()).toEqual([1, 1, 1]);
  });
});
