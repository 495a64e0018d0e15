import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, describe } from '@jest/globals';
import { freePort } from '@postern/embedded-kafka';
import { describeWithKafka } from '@postern/testing';

const BROKER = join(process.cwd(), 'dist', 'tools', 'broker.js');

describeWithKafka(describe, '`npm run broker`', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-npm-run-broker-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const run = (port: number) =>
    spawn(process.execPath, [BROKER], {
      env: { PATH: process.env['PATH'], POSTERN_DATA_DIR: folder, POSTERN_BROKER_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it('refuses a folder in use in one line, and the broker that runs there continues', async () => {
    const port = await freePort();
    const first = run(port);
    await ready(first);
    const second = run(port);
    const [message, [code]] = await Promise.all([text(second.stderr), once(second, 'exit')]);
    expect(code).toBe(1);
    expect(message).toMatch(
      new RegExp(
        `^Another Kafka broker \\(pid \\d+\\) is running on ${folder}/kafka\\. Stop it, or set POSTERN_DATA_DIR .* another port\\.\n$`,
      ),
    );
    expect(first.exitCode).toBeNull();
    first.kill('SIGTERM');
    expect(await once(first, 'exit')).toEqual([0, null]);
  });
});

/** Resolves once it says that Kafka is ready; rejects with what it said where it ends first. */
async function ready(broker: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((done, fail) => {
    for (const stream of [broker.stdout, broker.stderr])
      stream?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('Kafka is ready at')) done();
      });
    broker.once('exit', () => fail(new Error(said)));
  });
}
