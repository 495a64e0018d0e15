import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafkaBroker } from '@postern/embedded-kafka';
import { KAFKA_CACHE, startPosternProcess, type PosternProcess } from '@postern/testing';

/** What is measured: all in one process, or a broker and the three services, each a process of its own, behind the supervisor's proxy. */
export type Arrangement = 'one process' | 'services';

/** By the flag `--services` of the command line. */
export function arrangementAsked(): Arrangement {
  return process.argv.includes('--services') ? 'services' : 'one process';
}

/** A Postern on an empty data folder, with fsync on as always; `end` stops all of it and removes the folder. */
export async function startBenchProcess(
  arrangement: Arrangement,
): Promise<{ readonly postern: PosternProcess; readonly dataDir: string; end(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  const broker =
    arrangement === 'services'
      ? await startKafkaBroker({ dataDir: join(dataDir, 'kafka'), cacheDir: KAFKA_CACHE })
      : null;
  const strike = async () => {
    await broker?.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const postern = broker
      ? await startPosternProcess({ POSTERN_DATA_DIR: dataDir, POSTERN_KAFKA_BROKERS: broker.address }, 'supervisor')
      : await startPosternProcess({ POSTERN_DATA_DIR: dataDir });
    return {
      postern,
      dataDir,
      end: async () => {
        await postern.end('SIGTERM');
        await strike();
      },
    };
  } catch (error) {
    await strike();
    throw error;
  }
}
