import { encodeEvent, type EventMessage, type JournalId, type Recorded } from '@postern/contracts';
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { METADATA_MAX_AGE_MS } from '../client/kafka-client.js';
import { isTooLarge } from '../client/kafka-errors.js';
import { MessageTooLarge } from '../topics/topic-errors.js';

const { CompressionTypes, Partitioners } = kafkajs;

/** Bytes of a page per request, before compression. A larger event goes alone. */
export const MAX_BYTES_PER_SEND = 524_288;

/** A single small change reaches relays faster without the thread pool, here and in each consumer. */
const COMPRESS_FROM_BYTES = 4_096;

/**
 * The producer is idempotent, with one request at a time, so that kafkajs's retries neither duplicate nor reorder. It is replaced after a
 * failure: the broker might take its next request for a repeat of the failed one.
 */
export class EventSender {
  #producer: Promise<Producer> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly topicPrefix: string,
  ) {}

  /** Resolves when every in-sync replica has all of them. @throws `MessageTooLarge`, kafkajs's errors. */
  async send(events: readonly Recorded[], journal: JournalId): Promise<void> {
    try {
      const producer = await (this.#producer ??= this.#connect());
      for (const part of partsOf(sendables(events, journal), sizeOf, MAX_BYTES_PER_SEND))
        await this.#sendPart(producer, part);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.then((open) => open.disconnect()).catch(() => undefined);
  }

  async #connect(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      metadataMaxAge: METADATA_MAX_AGE_MS,
    });
    await producer.connect();
    return producer;
  }

  async #sendPart(producer: Producer, part: readonly Sendable[]): Promise<void> {
    const bytes = part.reduce((sum, each) => sum + sizeOf(each), 0);
    const byTopic = Map.groupBy(part, ({ message }) => message.topic);
    try {
      await producer.sendBatch({
        acks: -1,
        compression: bytes < COMPRESS_FROM_BYTES ? CompressionTypes.None : CompressionTypes.GZIP,
        topicMessages: [...byTopic].map(([topic, sendables]) => ({
          topic: this.topicPrefix + topic,
          messages: sendables.map(({ message: { key, value, headers } }) => ({ key, value, headers: { ...headers } })),
        })),
      });
    } catch (error) {
      const [only] = part;
      if (!isTooLarge(error) || !only) throw error;
      if (part.length === 1) {
        const { topic, value } = only.message;
        throw new MessageTooLarge(topic, Buffer.byteLength(value), only.streamId, error);
      }
      // The topic's limit is below the part's size: send one by one, to find the event that is too large.
      for (const each of part) await this.#sendPart(producer, [each]);
    }
  }
}

interface Sendable {
  readonly message: EventMessage;
  readonly streamId: string;
}

function* sendables(events: readonly Recorded[], journal: JournalId): Generator<Sendable> {
  for (const event of events) yield { message: encodeEvent(event, journal), streamId: event.streamId };
}

const sizeOf = ({ message: { key, value } }: Sendable) => key.length + value.length;

export function* partsOf<T>(all: Iterable<T>, bytesOf: (each: T) => number, most: number): Generator<readonly T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const each of all) {
    const more = bytesOf(each);
    if (part.length > 0 && bytes + more > most) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(each);
    bytes += more;
  }
  if (part.length > 0) yield part;
}
