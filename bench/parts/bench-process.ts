import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafkaBroker } from '@postern/embedded-kafka';
import { KAFKA_CACHE, startPosternProcess, type PosternProcess } from '@postern/testing';

/** What is measured: all in one process, or three services behind the supervisor's proxy, each a process of its own, with or without a broker. */
export type Arrangement = 'one process' | 'services' | 'services on the feed';

/** By the flags `--services` and `--feed` of the command line. */
export function requestedArrangement(): Arrangement {
  if (!process.argv.includes('--services')) return 'one process';
  return process.argv.includes('--feed') ? 'services on the feed' : 'services';
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
  const tearDown = async () => {
    await broker?.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const settings = { POSTERN_DATA_DIR: dataDir, ...(broker ? { POSTERN_KAFKA_BROKERS: broker.address } : {}) };
    const postern = await startPosternProcess(settings, arrangement === 'one process' ? undefined : 'supervisor');
    return {
      postern,
      dataDir,
      end: async () => {
        await postern.end('SIGTERM');
        await tearDown();
      },
    };
  } catch (error) {
    await tearDown();
    throw error;
  }
}
