import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LOCK = pathToFileURL(join(import.meta.dirname, 'lock.mjs')).href;

/** A process of its own that notes when it goes in and out, and does `inside` between. */
async function holder(inside = '', limitMs = 20_000): Promise<{ pid: number; err: string }> {
  const code = `import { appendFileSync } from 'node:fs';
    import { withLock } from ${JSON.stringify(LOCK)};
    const waiting = (pid) => console.error('waits for', pid);
    withLock('held', { limitMs: ${limitMs}, waiting }, () => {
      appendFileSync('log', 'in ' + process.pid + '\\n');
      ${inside}
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      appendFileSync('log', 'out ' + process.pid + '\\n');
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [err] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { pid: child.pid ?? 0, err };
}

const log = async () => (await readFile(join(folder, 'log'), 'utf8')).trimEnd().split('\n');

describe('the lock of the npm commands', () => {
  it('lets one in at a time, the first of them in the place of one that was killed, and leaves nothing behind', async () => {
    const killed = await holder(`process.kill(process.pid, 'SIGKILL');`);
    expect(await readdir(folder)).toEqual(['held', 'log']);
    const others = await Promise.all(Array.from({ length: 5 }, () => holder()));
    const [first, ...lines] = await log();
    expect(first).toBe(`in ${killed.pid}`);
    const order = lines.filter((_, i) => i % 2 === 0).map((line) => line.replace('in ', ''));
    expect(lines).toEqual(order.flatMap((pid) => [`in ${pid}`, `out ${pid}`]));
    expect(order.toSorted()).toEqual(others.map(({ pid }) => String(pid)).toSorted());
    expect(await readdir(folder)).toEqual(['log']);
  });

  it('is given back by work that throws', async () => {
    expect((await holder(`throw new Error('broken');`)).err).toContain('broken');
    expect(await readdir(folder)).toEqual(['log']);
  });

  it('says whom it waits for, and waits no longer than it was told', async () => {
    await mkdir(join(folder, 'held'));
    await writeFile(join(folder, 'held', 'pid'), `${process.pid}\n`);
    const { err } = await holder('', 300);
    expect(err).toMatch(new RegExp(`^waits for ${process.pid}\n`));
    expect(err).toContain(`Another npm command (pid ${process.pid}) has held held`);
    expect(await readdir(folder)).toEqual(['held']);
  });
});
