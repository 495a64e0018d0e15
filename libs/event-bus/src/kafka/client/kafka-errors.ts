import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaSettings } from './kafka-client.js';

/** Kafka refuses the login or its certificate is not trusted: no repeat helps, the settings or the broker must change. */
class KafkaRefused extends Error {
  override readonly name = 'KafkaRefused';
  readonly permanent = true;
}

/** No broker answers. It may be back at any time. */
export class KafkaUnreachable extends Error {
  override readonly name = 'KafkaUnreachable';
  readonly permanent = false;
}

/** Codes of `node:tls` and OpenSSL for a certificate that is not accepted. */
const CERTIFICATE = /certificate|CERT_|UNABLE_TO_|altnames|SELF_SIGNED/i;
/** A broker without TLS answers a hello that it cannot read by hanging up, or with something that is no TLS. */
const NO_TLS = /wrong version number|EPROTO|packet length|before secure TLS/i;

/** The error as an operator understands it: where to, what is wrong, what to look at. Others are given back as they are. */
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

/** The error and those behind it. */
function causesOf(error: Error): readonly Error[] {
  const found: Error[] = [];
  for (let at: unknown = error; at instanceof Error && found.length < 10; at = (at as { cause?: unknown }).cause) {
    found.push(at);
  }
  return found;
}

/** So long a broker that has started may take until groups and transactions have their coordinator. It is no failure until then. */
export const COORDINATOR_STARTS_WITHIN_MS = 15_000;

/** As brokers answer while they start, also to the first group or transaction that they ever see. */
const STARTING: ReadonlySet<unknown> = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  // kafkajs, where no broker had one.
  'KafkaJSGroupCoordinatorNotFound',
]);

/** Whether all that is wrong is that the coordinator is not there yet. It comes by itself, unless the brokers cannot make its topic. */
export function coordinatorStarts(thrown: unknown): boolean {
  return (
    thrown instanceof Error && causesOf(thrown).some((each) => STARTING.has(typeOf(each)) || STARTING.has(each.name))
  );
}

/** Tries again, after pauses, while what it throws passes by itself, for `withinMs` at most; then throws it. */
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

/** Of what a broker answers. */
export function typeOf(error: unknown): string {
  return (error as { readonly type?: string } | null)?.type ?? '';
}

/** A message, or a batch of them, is larger than the topic takes. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && causesOf(error).some((each) => TOO_LARGE.has(typeOf(each)));
}

const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
