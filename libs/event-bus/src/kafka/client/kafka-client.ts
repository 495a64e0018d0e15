import kafkajs, { type Kafka, type SASLOptions } from 'kafkajs';
import type { KafkaLogin, KafkaSettings } from './kafka-settings.js';
import './idle-queue.js';

// A CommonJS package, of which Node finds the default alone in all cases.
const { Kafka: Client, logLevel } = kafkajs;

export const CONNECT_TIMEOUT_MS = 3_000;
/** Joining a group and fetching have longer ones of their own. A broker that was cut off without a word is given up after this. */
export const REQUEST_TIMEOUT_MS = 8_000;
/** Partitions that were added to a topic are noticed after this, by whoever writes and whoever reads. */
export const METADATA_MAX_AGE_MS = 5_000;

/** The client of a process. It logs nothing: who uses it tells what failed. */
export function kafkaClient(settings: KafkaSettings, clientId = 'postern'): Kafka {
  return new Client({
    clientId,
    brokers: [...settings.brokers],
    ssl: settings.tls === null ? false : settings.tls.ca === null ? true : { ca: [settings.tls.ca] },
    ...(settings.sasl ? { sasl: login(settings.sasl) } : {}),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    authenticationTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    // Whoever uses it tries again for ever, with pauses of its own.
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4 },
    logLevel: logLevel.NOTHING,
  });
}

function login({ mechanism, username, password }: KafkaLogin): SASLOptions {
  return { mechanism, username, password } as SASLOptions;
}
