import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PosternProcess {
  readonly url: string;
  readonly operatorKey: string;
  stop(): Promise<void>;
}

const MAIN = join(import.meta.dirname, '../../../apps/standalone/src/main.js');

/** Starts a Postern of its own on a free port and an empty data folder, as `npm start` does, and reads what it prints. */
export async function startPosternProcess(): Promise<PosternProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-demo-'));
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, POSTERN_DATA_DIR: dataDir, POSTERN_HTTP_PORT: '0', POSTERN_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let url: string | undefined;
  let operatorKey: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    url ??= /^Postern is ready at (\S+)$/.exec(line)?.[1];
    operatorKey ??= /^ +(pst_operator_\S+)$/.exec(line)?.[1];
    if (url && operatorKey) break;
  }
  child.stdout.resume();
  if (!url || !operatorKey) throw new Error('Postern did not start: see above.');
  return {
    url,
    operatorKey,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
