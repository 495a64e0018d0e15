import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** How a command ended. */
export interface CliEnd {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export type Environment = Readonly<Record<string, string>>;

/** A command that runs. */
export interface RunningCli {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Everything that it printed so far. */
  out(): string;
  err(): string;
  readonly end: Promise<CliEnd>;
}

const MAIN = join(
  import.meta.dirname.replace(/[\\/]apps[\\/]cli[\\/]src[\\/]testing$/, ''),
  'dist/apps/cli/src/main.js',
);

/** Starts the built command line as a process of its own, without any of this machine's settings. */
export function startCli(args: readonly string[], environment: Environment): RunningCli {
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const end = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  return { child, out: () => out, err: () => err, end };
}

/** Runs it to its end. `input` is its standard input. */
export async function runCli(args: readonly string[], environment: Environment, input = ''): Promise<CliEnd> {
  const running = startCli(args, environment);
  running.child.stdin.end(input);
  return running.end;
}
