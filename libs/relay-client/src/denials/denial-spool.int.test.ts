import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import type { DenialReport } from '@postern/contracts';
import { until } from '@postern/testing';
import { RelayClient } from '../relay-client.js';
import type { RelayProblem, RelayStatus } from '../status.js';
import { TestControlPlane } from '../testing/control-plane.js';
import { policy } from '../testing/policies.js';
import { DenialSpool } from './denial-spool.js';

let dataDir: string;
let path: string;
let problems: RelayProblem[];
let opened: DenialSpool[];
let now: number;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'postern-spool-'));
  path = join(dataDir, 'denials');
  problems = [];
  opened = [];
  now = 0;
});
afterEach(async () => {
  await Promise.all(opened.map((spool) => spool.close()));
  await rm(dataDir, { recursive: true });
});

async function open(maxDenials = 100_000): Promise<DenialSpool> {
  const onProblem = (problem: RelayProblem): void => void problems.push(problem);
  const spool = new DenialSpool({ dataDir, maxDenials, elapsed: () => now, onProblem });
  opened.push(spool);
  await spool.open();
  return spool;
}
const denial = (n: number): DenialReport => ({
  id: newId(),
  username: `user${n}@acme.example`,
  ip: '198.51.100.7',
  occurredAt: '2026-11-29T12:00:00.000Z',
  relay: 'mx1',
  reason: 'ip-not-authorized',
  mode: 'enforce',
  count: 1,
});
const denials = (count: number): DenialReport[] => Array.from({ length: count }, (_, n) => denial(n));
const linesIn = async (): Promise<number> => (await readFile(path, 'utf8')).split('\n').length - 1;

describe('the denial spool in a folder', () => {
  it('keeps saved records in order when its process is killed', async () => {
    const spool = await open();
    const reports = denials(600);
    for (const report of reports) spool.put(report);
    await spool.saved();
    // Not closed: a killed process does not close its files.
    expect(await (await open()).peek(1_000)).toEqual(reports);
  });

  it('counts a record as unsaved until its write has ended', async () => {
    const spool = await open();
    spool.put(denial(0));
    const saved = spool.saved().then(() => true);
    const counts = [];
    do counts.push(spool.unsaved);
    while (!(await Promise.race([saved, turn(false)])));
    expect(new Set(counts)).toEqual(new Set([1]));
    expect(spool.unsaved).toBe(0);
  });

  it('saves what comes during one write with the next: a few writes for thousands of denials', async () => {
    const spool = await open();
    const flood = denial(0);
    const saved: Promise<void>[] = [];
    for (let count = 1; count <= 5_000; count++) {
      spool.put({ ...flood, count }, true);
      saved.push(spool.saved());
      if (count % 100 === 0) await new Promise((next) => setImmediate(next));
    }
    await Promise.all(saved);
    expect(await linesIn()).toBeLessThanOrEqual(51);
    expect(await (await open()).peek(10)).toEqual([{ ...flood, count: 5_000 }]);
  });

  it('does not send a record that is still counted, and has its last count after a restart', async () => {
    const spool = await open();
    const [counted, other] = [denial(1), denial(2)];
    spool.put(counted, true);
    spool.put(other);
    expect(await spool.peek(10)).toEqual([other]);
    spool.put({ ...counted, count: 7, occurredAt: '2026-11-29T12:00:09.000Z' }, true);
    await spool.saved();
    const last = { ...counted, count: 7, occurredAt: '2026-11-29T12:00:09.000Z' };
    expect(await (await open()).peek(10)).toEqual([last, other]);
  });

  it('returns a record after each restart until it is acknowledged, and then empties its file', async () => {
    const [a, b] = [denial(1), denial(2)];
    const first = await open();
    first.put(a);
    first.put(b);
    await first.close();
    const second = await open();
    second.acknowledge([a.id]);
    await second.close();
    const third = await open();
    expect(await third.peek(10)).toEqual([b]);
    third.acknowledge([b.id]);
    await third.close();
    expect((await stat(path)).size).toBe(0);
  });

  it('compacts its file without outdated lines, and loses nothing', async () => {
    const spool = await open();
    const [kept, flood] = [denial(1), denial(2)];
    spool.put(kept);
    for (let at = 0; at < 30_000; at += 1_000) {
      const some = denials(1_000);
      for (const report of some) spool.put(report);
      spool.put({ ...flood, count: at + 1 }, true);
      await spool.saved();
      spool.acknowledge(some.map(({ id }) => id));
      await spool.saved();
    }
    expect(await linesIn()).toBeLessThan(14_000);
    expect(await (await open()).peek(10)).toEqual([kept, { ...flood, count: 29_001 }]);
  });

  /** Its file has more lines that no longer hold than it keeps: the next write is a compaction. */
  async function dueForCompaction(kept: DenialReport): Promise<DenialSpool> {
    const spool = await open();
    const done = denials(6_000);
    for (const report of [kept, ...done]) spool.put(report);
    await spool.saved();
    spool.acknowledge(done.map(({ id }) => id));
    await spool.saved();
    return spool;
  }

  it('does not return a record that was acknowledged while it was being written', async () => {
    const spool = await open();
    const [kept, ...sent] = denials(5_000) as [DenialReport, ...DenialReport[]];
    for (const report of [kept, ...sent]) spool.put(report);
    // The write has begun, and takes many turns.
    await turn();
    await turn();
    spool.acknowledge(sent.map(({ id }) => id));
    await spool.saved();
    expect(await (await open()).peek(10)).toEqual([kept]);
  });

  it('does not return a record that was acknowledged during a compaction', async () => {
    const kept = denial(0);
    const spool = await dueForCompaction(kept);
    const sent = denials(500);
    for (const report of sent) spool.put(report);
    await turn();
    await turn();
    spool.acknowledge(sent.map(({ id }) => id));
    await spool.saved();
    expect(await linesIn()).toBe(1_001);
    expect(await (await open()).peek(10)).toEqual([kept]);
  });

  it('writes no removal for a record that was acknowledged during a failed write', async () => {
    const spool = await open();
    await mkdir(path);
    const [sent, kept, next] = [denial(1), denial(2), denial(3)];
    spool.put(sent);
    spool.put(kept);
    await turn();
    await turn();
    spool.acknowledge([sent.id]);
    await spool.saved();
    expect(spool.unsaved).toBe(1);
    await rmdir(path);
    spool.put(next);
    await spool.saved();
    expect([spool.unsaved, await linesIn()]).toEqual([0, 2]);
    expect(await (await open()).peek(10)).toEqual([kept, next]);
  });

  it('appends while a compaction is not possible, says so, and tries it again later', async () => {
    const kept = denial(0);
    const spool = await dueForCompaction(kept);
    await mkdir(`${path}.next`);
    const [during, soon, later] = [denial(1), denial(2), denial(3)];
    spool.put(during);
    await spool.saved();
    expect([spool.unsaved, await linesIn()]).toEqual([0, 12_002]);
    expect(problems).toEqual([{ code: 'denials-not-saved', detail: expect.stringContaining('cannot be compacted') }]);
    await rmdir(`${path}.next`);
    spool.put(soon);
    await spool.saved();
    expect(await linesIn()).toBe(12_003);
    now += 60_000;
    spool.put(later);
    await spool.saved();
    expect(await linesIn()).toBe(4);
    expect(await (await open()).peek(10)).toEqual([kept, during, soon, later]);
  });

  it('removes the compaction that a killed process has left', async () => {
    await writeFile(`${path}.next`, 'half a file');
    await open();
    await expect(stat(`${path}.next`)).rejects.toThrow('ENOENT');
  });

  it('leaves out lines that are damaged or cut off, counts and reports them, and uses the others', async () => {
    const first = await open();
    const reports = denials(3);
    for (const report of reports) first.put(report);
    await first.close();
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('user1@', 'user9@'));
    await appendFile(path, text.slice(0, 40));
    const spool = await open();
    expect(await spool.peek(10)).toEqual([reports[0], reports[2]]);
    expect(spool.damaged).toBe(2);
    expect(problems).toEqual([{ code: 'denial-dropped', detail: expect.stringContaining('2 lines') }]);
    const next = denial(4);
    spool.put(next);
    await spool.close();
    const after = await open();
    expect([await after.peek(10), after.damaged]).toEqual([[reports[0], reports[2], next], 0]);
  });

  it('loses at most one record to a damaged byte, and never reads a wrong one', async () => {
    const first = await open();
    const reports = denials(3);
    for (const report of reports) first.put(report);
    await first.close();
    const bytes = await readFile(path);
    const known = new Set(reports.map((report) => JSON.stringify(report)));
    const wrong: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at & 7));
      await writeFile(path, damaged);
      const spool = await open();
      const found = await spool.peek(10);
      await spool.close();
      // The line feed between two: both are one damaged line.
      const lost = bytes[at] === 0x0a && at !== bytes.length - 1 ? 2 : 1;
      if (found.length < 3 - lost || found.some((report) => !known.has(JSON.stringify(report)))) wrong.push(at);
    }
    expect(wrong).toEqual([]);
  });

  it('accepts no more than its limit, and nothing after it is closed', async () => {
    const spool = await open(2);
    expect(denials(3).map((report) => spool.put(report))).toEqual([true, true, false]);
    await spool.close();
    expect(spool.put(denial(1))).toBe(false);
  });
});

describe('a relay with a spool, in a separate process', () => {
  const ADDRESSES = Array.from({ length: 20 }, (_, n) => `198.51.100.${n}`);
  let plane: TestControlPlane;
  let child: ChildProcess;
  let lines: string[];
  beforeEach(async () => {
    plane = new TestControlPlane();
    await plane.listen();
    plane.set(policy('app@acme.example'));
    await start();
  });
  afterEach(async () => {
    child.kill('SIGKILL');
    await plane.kill();
  });

  async function start(): Promise<void> {
    const root = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]relay-client[\\/]src[\\/]denials$/, '');
    const program = join(root, 'dist', 'libs', 'relay-client', 'src', 'testing', 'relay-process.js');
    child = spawn(process.execPath, [program, plane.url, plane.key, dataDir], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    lines = [];
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => lines.push(line));
    await until(() => lines.includes('started'), 'the relay has started');
  }
  const tell = (line: string): void => void child.stdin?.write(`${line}\n`);
  const answered = (ip: string): number => lines.filter((line) => line === `answered ${ip}`).length;
  async function status(): Promise<RelayStatus> {
    lines = lines.filter((line) => !line.startsWith('{'));
    tell('status');
    const last = (): string | undefined => lines.find((line) => line.startsWith('{'));
    await until(() => last() !== undefined, 'it has a status');
    return JSON.parse(last() ?? '') as RelayStatus;
  }

  it('loses no login that it answered when it is killed, and counts none twice', async () => {
    // Taken or not, the answer never arrives: each batch comes again.
    plane.onDenials.push(
      (batch, response) => void (plane.received.push(batch), response.destroy()),
      (_, response) => void response.writeHead(503).end(),
      (batch, response) => void (plane.received.push(batch), response.destroy()),
    );
    const reported = new Map<string, number>();
    const answers = new Map<string, number>();
    for (let life = 0; life < 3; life++) {
      if (life > 0) await start();
      for (let i = 0; i < 2_000; i++) {
        const ip = ADDRESSES[(i * i) % ADDRESSES.length] as string;
        reported.set(ip, (reported.get(ip) ?? 0) + 1);
        tell(ip);
      }
      await until(() => lines.filter((line) => line.startsWith('answered')).length > 500, 'some are answered');
      child.kill('SIGKILL');
      await once(child, 'close');
      for (const ip of ADDRESSES) answers.set(ip, (answers.get(ip) ?? 0) + answered(ip));
    }
    const last = new RelayClient({ urls: [plane.url], key: plane.key, relayName: 'mx1', dataDir });
    await last.start();
    await last.stop();
    expect(last.status().queuedDenials).toBe(0);
    // At most the half line of a login that was not answered.
    expect(last.status().damagedDenials).toBeLessThanOrEqual(1);

    // As Postern does it: an id counts once, as it came first.
    const counted = new Map<string, DenialReport>();
    for (const report of plane.received.flat()) if (!counted.has(report.id)) counted.set(report.id, report);
    const wrong = ADDRESSES.filter((ip) => {
      const logins = [...counted.values()].filter((each) => each.ip === ip).reduce((sum, { count }) => sum + count, 0);
      return logins < (answers.get(ip) ?? 0) || logins > (reported.get(ip) ?? 0);
    });
    expect(wrong).toEqual([]);
    expect([...answers.values()].reduce((sum, n) => sum + n, 0)).toBeGreaterThan(1_500);
  });

  it('continues to decide while its disk is full, reports that, and saves waiting denials when there is room', async () => {
    const limit = (bytes: string): void => {
      execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`]);
    };
    plane.key = 'pst_relay_other_secret';
    limit('100');
    for (const ip of ADDRESSES) tell(ip);
    await until(() => ADDRESSES.every((ip) => answered(ip) === 1), 'each is answered');
    await until(() => lines.includes('problem denials-not-saved'), 'it says so');
    expect(await status()).toMatchObject({ queuedDenials: 20, unsavedDenials: 20, droppedDenials: 0 });
    limit('unlimited');
    await until(async () => (await status()).unsavedDenials === 0, 'they are saved');
    child.kill('SIGKILL');
    await once(child, 'close');
    const spool = await open();
    expect((await spool.peek(100)).map(({ ip }) => ip)).toEqual(ADDRESSES);
  });
});
