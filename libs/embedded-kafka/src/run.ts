import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { stripVTControlCharacters } from 'node:util';

/** `output` is what the program printed, or why it could not start. */
export function run(
  program: string,
  args: readonly string[],
  timeout: number,
): Promise<{ readonly ok: boolean; readonly output: string }> {
  return new Promise((done) => {
    execFile(program, args, { timeout }, (error, stdout, stderr) =>
      done({ ok: error === null, output: stripVTControlCharacters(stdout + stderr) || String(error?.message) }),
    ).stdin?.end();
  });
}

/** @throws an `Error` with the first line that has the reason. */
export async function runJava(program: 'java' | 'keytool', args: readonly string[]): Promise<void> {
  const { ok, output } = await run(program, args, 60_000);
  if (ok) return;
  const lines = output.trim().split('\n');
  throw new Error(`${program} failed: ${lines.find((line) => /exception|error/i.test(line)) ?? lines.at(-1)}`);
}

/** Below the ports that systems assign to outgoing connections and to listeners on any port. */
const [LOWEST_PORT, HIGHEST_PORT] = [10_000, 32_000];
const MOST_ATTEMPTS = 100;

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
  throw new Error(
    `No port of 127.0.0.1 from ${LOWEST_PORT} to ${HIGHEST_PORT} is free: end programs that listen there.`,
  );
}
