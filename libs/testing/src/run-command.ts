import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** How a command ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export type Environment = Readonly<Record<string, string>>;

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Everything that it printed so far. */
  out(): string;
  err(): string;
  readonly end: Promise<CommandEnd>;
}

/** From the sources under jest, or from `dist`. */
const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]testing[\\/]src$/, '');

/** The client of the HTTP API and the tool for the database, between which `postern` chooses, and the relay agent. */
export type CommandLine = 'cli' | 'database-tool' | 'relay-agent';

/** Starts a built command line as a process of its own, without any of this machine's settings. */
export function startCommand(program: CommandLine, args: readonly string[], environment: Environment): RunningCommand {
  const main = join(ROOT, 'dist/apps', program, 'src/main.js');
  const child = spawn(process.execPath, ['--enable-source-maps', main, ...args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...environment },
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
export async function runCommand(
  program: CommandLine,
  args: readonly string[],
  environment: Environment,
  input = '',
): Promise<CommandEnd> {
  const running = startCommand(program, args, environment);
  running.child.stdin.end(input);
  return running.end;
}
