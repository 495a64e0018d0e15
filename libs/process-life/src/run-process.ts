import { warnOfUnknownSettings } from '@postern/settings';
import { BUILD } from '@postern/observe';
import { firstKeyGreeting, noteShown, type FirstKey } from './first-key.js';

/** A start that failed; its message says all that its reader needs. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
  readonly permanent = false;
}

/** What a process runs, once it is ready. */
export interface Running {
  /** `http://host:port` */
  readonly url: string;
  /** Further lines for its operator. */
  readonly details?: readonly string[];
  /** Where the first operator's key is; of a process that keeps keys. */
  readonly keyPlace?: string;
  /** Only where nobody has seen the first operator's key: it is shown once. */
  readonly firstKey?: FirstKey | null;
  /** Of a link that signs the first operator in, once, for whoever is at the terminal: `/sign-in#code=…`. */
  readonly signInPath?: string | null;
  /** Finishes what was accepted. */
  stop(): Promise<void>;
}

/** What a process sends to the one that started it, by IPC, once it is ready. */
export interface ReadyMessage {
  readonly ready: Required<Pick<Running, 'url' | 'firstKey' | 'signInPath'>>;
}

/** What it sends instead where every start fails until somebody acts. */
export interface RefusedMessage {
  readonly refused: true;
}

/** How long a stop may take by default. */
const STOP_TIMEOUT_MS = 30_000;

/**
 * The life of a process of Postern, whichever it is: a start that fails is one clear line and exit code 1; SIGINT, SIGTERM, SIGHUP (its terminal was closed) or the end of the process that started it (where there
 * is an IPC channel) finish what was accepted and exit 0, within a bound. Prints what happens on standard output. A start
 * whose signal aborts may give up.
 * @param name as people read it
 * @param stopTimeoutMs how long a stop may take before the process ends anyway
 */
export function runProcess(
  name: string,
  start: (stopped: AbortSignal) => Promise<Running>,
  stopTimeoutMs = STOP_TIMEOUT_MS,
): void {
  void new ProcessLife(name, stopTimeoutMs).run(start);
}

class ProcessLife {
  private stopping = false;
  private readonly stopped = new AbortController();
  private running: Running | undefined;

  constructor(
    private readonly name: string,
    private readonly stopTimeoutMs: number,
  ) {}

  async run(start: (stopped: AbortSignal) => Promise<Running>): Promise<void> {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void this.stop(signal));
    // A closed terminal takes no more lines: that must not end us before the stop is through.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    // Who started us is gone, as after a kill -9: nobody would ever stop us.
    if (process.connected) process.on('disconnect', () => void this.stop('The supervisor is gone'));
    try {
      console.log(`${this.name} ${BUILD.version} (commit ${BUILD.commit}) starts …`);
      warnOfUnknownSettings();
      this.running = await start(this.stopped.signal);
      if (this.stopping) await this.end(this.running);
      else await this.greet(this.running);
    } catch (error) {
      if (this.stopping) this.goodbye();
      console.error(messageOf(error));
      if (process.connected && isOperatorError(error) && error.permanent) await this.refuse();
      process.exit(1);
    }
  }

  private async refuse(): Promise<void> {
    const message: RefusedMessage = { refused: true };
    await new Promise<void>((sent) => process.send?.(message, () => sent()));
  }

  private goodbye(): never {
    console.log(`${this.name} has stopped.`);
    process.exit(0);
  }

  private async greet({ url, details = [], keyPlace, firstKey = null, signInPath = null }: Running): Promise<void> {
    console.log(`${this.name} is ready at ${url}`);
    const message: ReadyMessage = { ready: { url, firstKey, signInPath } };
    if (process.connected) {
      process.send?.(message);
      return;
    }
    for (const line of details) console.log(line);
    if (keyPlace) console.log(keyPlace);
    if (firstKey) {
      for (const line of firstKeyGreeting(url, firstKey)) console.log(line);
      await noteShown(firstKey);
    }
    if (signInPath) console.log(`Sign in by this link, once, within 15 minutes: ${url}${signInPath}`);
    console.log('Ctrl-C ends it.');
  }

  private async stop(why: string): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    console.log(`\n${why}: ${this.name} stops …`);
    // Before the start is through, `run` sees `stopping` and ends it.
    this.stopped.abort();
    if (this.running) await this.end(this.running);
    else this.bound();
  }

  private async end(running: Running): Promise<void> {
    this.bound();
    try {
      await running.stop();
      this.goodbye();
    } catch (error) {
      console.error(messageOf(error));
      process.exit(1);
    }
  }

  private bound(): void {
    setTimeout(() => {
      console.error(`${this.name} did not stop within ${this.stopTimeoutMs / 1_000} s and is ended.`);
      process.exit(1);
    }, this.stopTimeoutMs).unref();
  }
}

/** An error that says whether a retry can help; its message says to an operator what to do next. */
interface OperatorError extends Error {
  readonly permanent: boolean;
}

function isOperatorError(error: unknown): error is OperatorError {
  return error instanceof Error && 'permanent' in error;
}

/** An error for operators is one clear line; any other is a defect and keeps its stack. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isOperatorError(error) ? error.message : (error.stack ?? error.message);
}
