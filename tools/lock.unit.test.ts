import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

/** Starts a process that runs the file `work.mjs` under the lock, and prints how that ended. */
function holder(limitSeconds = 20, env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] }) {
  const code = `import { runLocked } from ${JSON.stringify(LOCK)};
    const waiting = () => console.log('waits');
    console.log(runLocked('held', ['work.mjs'], { limitSeconds: ${limitSeconds}, waiting }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { child, printed: text(child.stdout) };
}

/** Notes when it goes in and out, and does `inside` between. */
const work = (inside: string) =>
  writeFile(
    join(folder, 'work.mjs'),
    `import { appendFileSync } from 'node:fs';
    appendFileSync('log', 'in ' + process.pid + '\\n');
    ${inside}
    appendFileSync('log', 'out ' + process.pid + '\\n');`,
  );
const log = async () => (await readFile(join(folder, 'log'), 'utf8').catch(() => '')).trimEnd().split('\n');

describe('the lock of the npm commands', () => {
  it('lets one in at a time, also after one that was killed', async () => {
    await work("process.kill(process.pid, 'SIGKILL');");
    await holder().printed;
    const [killed, ...none] = await log();
    expect([killed, none]).toEqual([expect.stringMatching(/^in \d+$/), []]);
    await work('await new Promise((done) => setTimeout(done, 50));');
    const others = Array.from({ length: 5 }, () => holder());
    const ends = (await Promise.all(others.map(({ printed }) => printed))).map((lines) =>
      lines.trim().split('\n').at(-1),
    );
    expect(ends).toEqual(['0', '0', '0', '0', '0']);
    const [, ...lines] = await log();
    const order = lines.filter((_, i) => i % 2 === 0).map((line) => line.replace('in ', ''));
    expect(lines).toEqual(order.flatMap((pid) => [`in ${pid}`, `out ${pid}`]));
    expect(new Set(order).size).toBe(5);
  });

  it('says that it waits, waits no longer than its limit, and returns how the work ended', async () => {
    await work('process.stdin.resume(); await new Promise(() => setInterval(() => 0, 1_000));');
    const first = holder();
    while ((await log())[0] === '');
    expect(await holder(1).printed).toBe('waits\nbusy\n');
    const [line = ''] = await log();
    process.kill(Number(line.replace('in ', '')), 'SIGKILL');
    await Promise.all([first.printed, once(first.child, 'exit')]);
    await work('process.exit(3);');
    expect(await holder().printed).toBe('3\n');
  });

  it('is left out without flock', async () => {
    await work('');
    expect(await holder(20, { PATH: folder }).printed).toBe('0\n');
  });
});
