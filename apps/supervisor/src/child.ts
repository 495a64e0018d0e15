import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from '@postern/async';
import { StartFailed, type ReadyMessage, type RefusedMessage } from '@postern/process-life';

export interface ChildPlan {
  readonly name: string;
  readonly url: string;
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
}

export type Ready = ReadyMessage['ready'];

/** The same as in tools/launch.mjs, which explains them. */
const FLAGS = ['--enable-source-maps', '--max-semi-space-size=8', '--max-old-space-size=512'];
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** A process that ran this long is restarted without delay. */
const WELL_AFTER_MS = 60_000;
/** Attempts before a child is ever ready: retries do not repair a wrong setting. */
const FIRST_ATTEMPTS = 5;
const STOP_TIMEOUT_MS = 25_000;

/** Restarts the process after pauses that grow with each failure. */
export class Child {
  #process: ChildProcess | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();
  readonly #pauses = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS, 0);
  #failures = 0;
  #wasReady = false;
  #refused = false;

  constructor(
    private readonly plan: ChildPlan,
    private readonly log: (line: string) => void,
  ) {}

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when it is ready. @throws `StartFailed` if that never happens. */
  start(): Promise<Ready> {
    return new Promise((done, fail) => {
      this.#running = this.#keep(done).then(() =>
        fail(new StartFailed(`${this.plan.name} does not start: see above.`)),
      );
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    const child = this.#process;
    child?.kill('SIGTERM');
    const timer = setTimeout(() => child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#running;
    clearTimeout(timer);
  }

  async #keep(ready: (ready: Ready) => void): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && (this.#wasReady || this.#failures < FIRST_ATTEMPTS)) {
      this.#refused = false;
      const began = performance.now();
      const how = await this.#runOnce(ready);
      if (signal.aborted || (this.#refused && !this.#wasReady)) return;
      if (performance.now() - began > WELL_AFTER_MS) this.#pauses.reset();
      this.#failures += 1;
      const delay = this.#pauses.nextMs();
      this.log(`${this.plan.name} ENDED (${how}) and is started again in ${delay / 1_000} s.`);
      await sleep(delay, undefined, { signal }).catch(() => undefined);
    }
  }

  async #runOnce(ready: (ready: Ready) => void): Promise<string> {
    const child = fork(this.plan.file, [], {
      execArgv: FLAGS,
      // Two arenas, as in tools/launch.mjs.
      env: { MALLOC_ARENA_MAX: '2', ...this.plan.environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Not in the terminal's group: Ctrl-C would end all at once, in no order.
      detached: true,
    });
    this.#process = child;
    for (const input of [child.stdout, child.stderr] as Readable[])
      createInterface({ input }).on('line', (line) => {
        if (line !== '') this.log(`[${this.plan.name}] ${line}`);
      });
    child.on('message', (message: ReadyMessage | RefusedMessage) => {
      this.#refused = 'refused' in message;
      if ('refused' in message) return;
      if (this.#wasReady) this.log(`${this.plan.name} is ready again: pid ${child.pid}`);
      this.#wasReady = true;
      ready(message.ready);
    });
    const [code, signal] = (await once(child, 'exit').catch((error: unknown) => [null, String(error)])) as unknown[];
    this.#process = undefined;
    return String(signal ?? `exit code ${code}`);
  }
}
