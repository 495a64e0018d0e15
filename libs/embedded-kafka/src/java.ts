import { execFile } from 'node:child_process';

const TIMEOUT_MS = 60_000;

/** Runs a program of the JDK to its end. Throws an `Error` with the first line that names the reason. */
export function runJava(args: readonly string[], program: 'java' | 'keytool' = 'java'): Promise<void> {
  return new Promise((done, fail) => {
    execFile(program, args, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (!error) return done();
      const output = (stdout + stderr).trim().split('\n');
      const reason = output.find((line) => /exception|error/i.test(line)) ?? output.at(-1);
      fail(new Error(`${program} failed: ${reason || error.message}`, { cause: error }));
    }).stdin?.end();
  });
}
