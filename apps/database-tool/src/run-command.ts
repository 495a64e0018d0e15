import { Output } from '@postern/terminal';
import type { Command } from 'commander';
import { openDatabase, type OpenDatabase } from './open-database.js';

/** What a command works with. */
export interface Surroundings {
  readonly output: Output;
  /** Writes a line of progress to standard error, also with `--json`. */
  readonly report: (line: string) => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** As a shell has it for Ctrl-C. */
const INTERRUPTED = 130;

/** Runs the command. What it throws is reported behind `failed`, and ends it with `exitCode`. */
export async function runCommand(
  command: Command,
  failed: string,
  work: (surroundings: Surroundings) => Promise<void>,
  exitCode = 2,
): Promise<void> {
  const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  try {
    await work({ output: new Output(json, process.stdout, process.stderr), report });
  } catch (error) {
    process.exitCode = exitCode;
    const title = `${failed}: ${error instanceof Error ? error.message : String(error)}`;
    report(json ? JSON.stringify({ title }, null, 2) : title);
  }
}

/** The same on Postern's database. A signal closes it first: an embedded server that was started for the command would run on. */
export async function runOnDatabase(
  command: Command,
  failed: string,
  work: (database: OpenDatabase, surroundings: Surroundings) => Promise<void>,
  exitCode = 2,
): Promise<void> {
  await runCommand(
    command,
    failed,
    async (surroundings) => {
      const database = await openDatabase(process.env);
      const end = () => void database.close().finally(() => process.exit(INTERRUPTED));
      for (const signal of SIGNALS) process.once(signal, end);
      try {
        await work(database, surroundings);
      } finally {
        for (const signal of SIGNALS) process.off(signal, end);
        await database.close();
      }
    },
    exitCode,
  );
}

/** Runs `work`, which gives up when it is interrupted and takes back what it has done. */
export async function interruptible(work: (stop: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const abort = () => stop.abort();
  for (const signal of SIGNALS) process.once(signal, abort);
  try {
    await work(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) throw new Error('It was interrupted, and nothing of it is left.', { cause: error });
    throw error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
  }
}
