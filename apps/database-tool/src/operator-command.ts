import { Output, TerminalCommand } from '@postern/terminal';
import type { OpenDatabase } from './open-database.js';

export interface Surroundings {
  readonly output: Output;
  /** Writes a line to standard error, also with `--json`. */
  readonly report: (line: string) => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const INTERRUPTED = 130;

/** It loads its code when it is called, which saves `--help` half a second of CPU. */
export class OperatorCommand extends TerminalCommand {
  /** `work` gets the arguments in order and the options. Its error is printed after `complaint` (`%s`: first argument). */
  runs<Given extends unknown[]>(
    complaint: string,
    work: (to: Surroundings, ...given: Given) => Promise<void>,
    exitCode = 2,
  ): this {
    return this.action(async (...all: unknown[]) => {
      const given = all as Given;
      const { json = false } = this.optsWithGlobals<{ json?: boolean }>();
      const report = (line: string) => void process.stderr.write(`${line}\n`);
      try {
        const { warnOfUnknownSettings } = await import('@postern/settings');
        warnOfUnknownSettings();
        await work({ output: new Output(json), report }, ...given);
      } catch (error) {
        process.exitCode = exitCode;
        const failed = complaint.replace('%s', () => [given[0]].flat().join(', '));
        const title = `${failed}: ${error instanceof Error ? error.message : String(error)}`;
        report(json ? JSON.stringify({ title }, null, 2) : title);
      }
    });
  }

  /** A signal closes the database first; otherwise an embedded server would continue to run. */
  runsOnDatabase<Given extends unknown[]>(
    complaint: string,
    work: (database: OpenDatabase, to: Surroundings, ...given: Given) => Promise<void>,
    exitCode = 2,
  ): this {
    return this.runs(
      complaint,
      async (to, ...given: Given) => {
        const { openDatabase } = await import('./open-database.js');
        const database = await openDatabase(process.env);
        const end = () => void database.close().finally(() => process.exit(INTERRUPTED));
        for (const signal of SIGNALS) process.once(signal, end);
        try {
          await work(database, to, ...given);
        } finally {
          for (const signal of SIGNALS) process.off(signal, end);
          await database.close();
        }
      },
      exitCode,
    );
  }

  /** For work that undoes its effects when it is interrupted. */
  runsInterruptible<Given extends unknown[]>(
    complaint: string,
    work: (stop: AbortSignal, to: Surroundings, ...given: Given) => Promise<void>,
  ): this {
    return this.runs(complaint, async (to, ...given: Given) => {
      const stop = new AbortController();
      for (const signal of SIGNALS) process.once(signal, () => stop.abort());
      await work(stop.signal, to, ...given).catch((error: unknown) => {
        if (stop.signal.aborted) throw new Error('It was interrupted, and nothing was left behind.', { cause: error });
        throw error;
      });
    });
  }
}
