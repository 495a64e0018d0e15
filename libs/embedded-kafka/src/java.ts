import { execFile } from 'node:child_process';

const TIMEOUT_MS = 60_000;

/** Runs a program of the JDK to its end. Throws an `Error` with what it printed last. */
export function runJava(args: readonly string[], program: 'java' | 'keytool' = 'java'): Promise<void> {
  return new Promise((done, fail) => {
    execFile(program, args, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (!error) return done();
      const said = (stdout + stderr).trim().split('\n').slice(-5).join('\n');
      fail(new Error(`${program} failed: ${said || error.message}`, { cause: error }));
    }).stdin?.end();
  });
}
