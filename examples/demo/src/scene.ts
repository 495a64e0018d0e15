import { join } from 'node:path';
import { startKafkaBroker } from '@postern/embedded-kafka';
import { KAFKA_CACHE, startPosternProcess, type PosternProcess } from '@postern/testing';
import type { Transcript } from './transcript.js';

export interface Scene {
  readonly postern: PosternProcess;
  end(): Promise<void>;
}

/** Starts a Postern for the demo: one process, or three services behind a proxy, with their own Kafka broker. */
export async function setScene(
  kind: 'one process' | 'services',
  dataDir: string,
  transcript: Transcript,
): Promise<Scene> {
  if (kind === 'one process') {
    const postern = await startPosternProcess({ POSTERN_DATA_DIR: dataDir });
    return { postern, end: async () => void (await postern.end('SIGTERM')) };
  }
  const broker = await startKafkaBroker({ dataDir: join(dataDir, 'kafka'), cacheDir: KAFKA_CACHE });
  try {
    const environment = { POSTERN_DATA_DIR: dataDir, POSTERN_KAFKA_BROKERS: broker.address };
    const postern = await startPosternProcess(environment, 'supervisor');
    transcript.line('Kafka', broker.address);
    for (const [, name = '', url = ''] of postern.output().matchAll(/^ {2}(\S+-service \d) +(http:\S+) +pid/gm))
      transcript.line(name, url);
    return {
      postern,
      end: async () => {
        await postern.end('SIGTERM');
        await broker.stop();
      },
    };
  } catch (error) {
    await broker.stop();
    throw error;
  }
}
