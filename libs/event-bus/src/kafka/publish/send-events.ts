import { encodeEvent, type EventMessage, type FeedEvent, type JournalId } from '@postern/contracts';
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { METADATA_MAX_AGE_MS } from '../client/kafka-client.js';
import { isTooLarge } from '../client/kafka-errors.js';
import { MessageTooLarge } from '../topics/topic-errors.js';

const { CompressionTypes, Partitioners } = kafkajs;

/** So much of a page is sent at once, before compression; one that is larger goes alone. */
export const MAX_BYTES_PER_SEND = 524_288;

/** A single change is on its way to relays sooner without a turn in the thread pool here, and another in each consumer. */
const COMPRESS_FROM_BYTES = 4_096;

/**
 * Sends events in order, each page completely or again. Idempotent and one request at a time, so that the client's own repeats
 * neither double nor overtake. After a failure another producer is made: what became of its last request is not known,
 * and the broker would take the next for a repeat of that.
 */
export class EventSender {
  #producer: Promise<Producer> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly topicPrefix: string,
  ) {}

  /** Resolves when every in-sync replica has all of them. Throws `MessageTooLarge`, or what kafkajs throws. */
  async send(events: readonly FeedEvent[], journal: JournalId): Promise<void> {
    try {
      const producer = await (this.#producer ??= this.#connect());
      for (const part of partsOf(sendables(events, journal), sizeOf, MAX_BYTES_PER_SEND))
        await this.#sendPart(producer, part);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends what is being sent; the next `send` connects again. */
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
      // The topic takes less than a part: one by one, so that it is known which is too large.
      for (const each of part) await this.#sendPart(producer, [each]);
    }
  }
}

interface Sendable {
  readonly message: EventMessage;
  readonly streamId: string;
}

/** One is encoded when it is its turn: a page may be large. */
function* sendables(events: readonly FeedEvent[], journal: JournalId): Generator<Sendable> {
  for (const each of events) yield { message: encodeEvent(each, journal), streamId: each.event.streamId };
}

const sizeOf = ({ message: { key, value } }: Sendable) => key.length + value.length;

/** The same in their order, in parts of which each has so many bytes at most; what is larger goes alone. */
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
