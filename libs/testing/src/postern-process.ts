import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A Postern that was started as a process of its own, as `npm start` does it, from what was built. */
export interface PosternProcess {
  readonly url: string;
  /** Null where the start did not make one: it is printed once. */
  readonly operatorKey: string | null;
  /** The one-time link that it printed; of a relay agent null. */
  readonly signInLink: string | null;
  readonly pid: number;
  /** Everything it has printed so far. */
  output(): string;
  /** Sends the signal and waits for the end; resolves to its exit code, or the signal that ended it. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGKILL'): Promise<number | string>;
}

/** As tools/launch.mjs has it, which says why. */
const MEMORY = ['--max-semi-space-size=8', '--max-old-space-size=512'];

/** From the sources under jest, or from `dist`. */
const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]testing[\\/]src$/, '');

/**
 * Starts it and waits until it is ready. Throws with what it printed when it ends before.
 * @param app what is started: all in one process, the supervisor of the three services, or a relay agent; `args` are for that one
 * @param under a program that starts it, with its arguments
 */
export async function startPosternProcess(
  environment: Readonly<Record<string, string>>,
  app: 'standalone' | 'supervisor' | 'relay-agent' = 'standalone',
  args: readonly string[] = [],
  under: readonly string[] = [],
): Promise<PosternProcess> {
  const main = join(ROOT, 'dist', 'apps', app, 'src', 'main.js');
  const [program = '', ...rest] = [...under, process.execPath, '--enable-source-maps', ...MEMORY, main, ...args];
  const child = spawn(program, rest, {
    env: {
      MALLOC_ARENA_MAX: '2',
      ...process.env,
      NODE_OPTIONS: '',
      POSTERN_HTTP_PORT: '0',
      POSTERN_LOG_LEVEL: 'fatal',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ready = new Promise<void>((done) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      output += `${line}\n`;
      if (line.startsWith('Ctrl-C')) done();
    });
  });
  await Promise.race([ready, ended]);
  const url = /^[^[].* is ready at (\S+)$/m.exec(output)?.[1];
  if (!url || !child.pid) throw new Error(`Postern did not start. It printed:\n${output}`);
  return {
    url,
    operatorKey: /^ +(pst_operator_\S+)$/m.exec(output)?.[1] ?? null,
    signInLink: /^Sign in by this link, .*: (\S+)$/m.exec(output)?.[1] ?? null,
    pid: child.pid,
    output: () => output,
    end: async (signal) => {
      child.kill(signal);
      const [code, by] = await ended;
      return code ?? by ?? 1;
    },
  };
}
