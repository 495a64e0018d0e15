import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaSettings } from './kafka-client.js';

/** The login is refused or the certificate not trusted. A retry cannot help. */
class KafkaRefused extends Error {
  override readonly name = 'KafkaRefused';
  readonly permanent = true;
}

export class KafkaUnreachable extends Error {
  override readonly name = 'KafkaUnreachable';
  readonly permanent = false;
}

const CERTIFICATE = /certificate|CERT_|UNABLE_TO_|altnames|SELF_SIGNED/i;
/** A broker without TLS answers a TLS hello by hanging up, or with other bytes. */
const NO_TLS = /wrong version number|EPROTO|packet length|before secure TLS/i;

/** Says which broker, what is wrong and what to check. Other errors are returned unchanged. */
export function kafkaError(thrown: unknown, settings: KafkaSettings): Error {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof KafkaRefused || error instanceof KafkaUnreachable) return error;
  const causes = causesOf(error);
  const place = `Kafka at ${settings.brokers.join(', ')}`;
  const why = causes.at(-1)?.message ?? error.message;
  if (
    causes.some(
      ({ name, message }) => name === 'KafkaJSSASLAuthenticationError' || /SASL .*authentication/i.test(message),
    )
  )
    return new KafkaRefused(
      `${place} refuses the login of ${settings.sasl?.username ?? 'nobody'}: check POSTERN_KAFKA_SASL_USERNAME, POSTERN_KAFKA_SASL_PASSWORD and POSTERN_KAFKA_SASL_MECHANISM.`,
      { cause: error },
    );
  if (settings.tls && causes.some(({ message }) => CERTIFICATE.test(message)))
    return new KafkaRefused(
      `The certificate of ${place} is not trusted: ${why}. Name the certificate of who issued it in POSTERN_KAFKA_TLS_CA_FILE.`,
      { cause: error },
    );
  if (settings.tls && causes.some(({ message }) => NO_TLS.test(message)))
    return new KafkaRefused(`${place} speaks no TLS there: check the port, or set POSTERN_KAFKA_TLS to off.`, {
      cause: error,
    });
  if (causes.some(({ name }) => UNREACHABLE.has(name)))
    return new KafkaUnreachable(
      `${place} does not answer: ${why}. Is it running, and is POSTERN_KAFKA_BROKERS right?`,
      {
        cause: error,
      },
    );
  return error;
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSBrokerNotFound',
]);

function causesOf(error: Error): readonly Error[] {
  const found: Error[] = [];
  for (let at: unknown = error; at instanceof Error && found.length < 10; at = (at as { cause?: unknown }).cause) {
    found.push(at);
  }
  return found;
}

/** A broker that has just started may take this long until groups and transactions have a coordinator. */
export const COORDINATOR_STARTS_WITHIN_MS = 15_000;

const STARTING: ReadonlySet<unknown> = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'KafkaJSGroupCoordinatorNotFound',
]);

/** Whether the coordinator is not ready yet. It becomes ready, unless the brokers cannot create its topic. */
export function coordinatorStarts(thrown: unknown): boolean {
  return (
    thrown instanceof Error && causesOf(thrown).some((each) => STARTING.has(typeOf(each)) || STARTING.has(each.name))
  );
}

/** Retries a temporary error after pauses, for `withinMs` at most. */
export async function retried<T>(
  work: () => Promise<T>,
  passes: (error: unknown) => boolean,
  withinMs: number,
  pauseMs = 100,
): Promise<T> {
  for (const late = performance.now() + withinMs; ; await sleep(pauseMs)) {
    try {
      return await work();
    } catch (error) {
      if (!passes(error) || performance.now() > late) throw error;
    }
  }
}

export function typeOf(error: unknown): string {
  return (error as { readonly type?: string } | null)?.type ?? '';
}

export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && causesOf(error).some((each) => TOO_LARGE.has(typeOf(each)));
}

const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
