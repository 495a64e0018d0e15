import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaMissing, prepareKafka, startKafkaBroker } from '@postern/embedded-kafka';

/** Kept between runs, in the checkout. */
export const KAFKA_CACHE = join(
  import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]testing[\\/]src$/, ''),
  '.kafka',
);

/** A broker as tests know it. */
export interface TestKafka {
  /** `host:port`, without TLS and without a login. */
  readonly address: string;
  /** The same broker with TLS and SASL/SCRAM. */
  readonly secure: {
    readonly address: string;
    readonly certificateFile: string;
    readonly username: string;
    readonly password: string;
  };
}

const ACCOUNT = { username: 'postern', password: 'a-password-of-the-tests' };

/**
 * One broker for a complete test run; jest's global set-up calls it. `missing` says what the machine lacks: no test with
 * Kafka runs then, and each says so.
 */
export async function startTestKafka(): Promise<
  { readonly kafka: TestKafka; stop(): Promise<void> } | { readonly missing: string }
> {
  const missing = await kafkaMissing();
  if (missing !== null) return { missing };
  // Tests start some forty brokers.
  await prepareKafka(KAFKA_CACHE);
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-kafka-'));
  const broker = await startKafkaBroker({ dataDir: folder, cacheDir: KAFKA_CACHE, accounts: [ACCOUNT] });
  const { address, secure } = broker;
  if (!secure) throw new Error('The broker was given an account, but has no listener for it.');
  return {
    kafka: { address, secure: { ...secure, ...ACCOUNT } },
    stop: async () => {
      await broker.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
