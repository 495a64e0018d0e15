import { warnOfUnknownSettings } from '@postern/settings';
import { BUILD } from '@postern/observe';
import { firstKeyGreeting, noteShown, type FirstKey } from './first-key.js';

export class StartFailed extends Error {
  override readonly name = 'StartFailed';
  readonly permanent = false;
}

export interface Running {
  readonly url: string;
  readonly details?: readonly string[];
  readonly keyLocation?: string;
  /** Shown once, if nobody has seen it. */
  readonly firstKey?: FirstKey | null;
  /** `/sign-in#code=…`, for the first operator at the terminal. */
  readonly signInPath?: string | null;
  stop(): Promise<void>;
}

/** Sent by IPC to the parent process when ready. */
export interface ReadyMessage {
  readonly ready: Required<Pick<Running, 'url' | 'firstKey' | 'signInPath'>>;
}

/** Sent instead if every start will fail until somebody acts. */
export interface RefusedMessage {
  readonly refused: true;
}

const STOP_TIMEOUT_MS = 30_000;

/**
 * A failed start is one line and exit code 1. SIGINT, SIGTERM, SIGHUP (a closed terminal) and the end of the parent process (if there is IPC)
 * finish accepted work within `stopTimeoutMs`, and exit 0. Prints events on standard output.
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
    // A closed terminal accepts no lines; that must not end the process before it has stopped.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    // The parent process is gone, for example by kill -9: nobody would ever stop us.
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

  private async greet({ url, details = [], keyLocation, firstKey = null, signInPath = null }: Running): Promise<void> {
    console.log(`${this.name} is ready at ${url}`);
    const message: ReadyMessage = { ready: { url, firstKey, signInPath } };
    if (process.connected) {
      process.send?.(message);
      return;
    }
    for (const line of details) console.log(line);
    if (keyLocation) console.log(keyLocation);
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
    // During the start, `run` sees `stopping` and ends it.
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

/** Its message is for operators. */
interface OperatorError extends Error {
  readonly permanent: boolean;
}

function isOperatorError(error: unknown): error is OperatorError {
  return error instanceof Error && 'permanent' in error;
}

/** Any error that is not for operators is a defect and keeps its stack. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isOperatorError(error) ? error.message : (error.stack ?? error.message);
}
