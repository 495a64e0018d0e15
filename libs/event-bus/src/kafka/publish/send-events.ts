import { encodeEvent, type EventMessage, type FeedEvent, type JournalId } from '@postern/contracts';
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { METADATA_MAX_AGE_MS } from '../client/kafka-client.js';
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
      for (const part of parts(events, journal)) await this.#sendPart(producer, part);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends what is being sent; the next `send` connects anew. */
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
    const byTopic = Map.groupBy(part, ({ message }) => message.topic);
    try {
      await producer.sendBatch({
        acks: -1,
        compression: sizeOf(part) < COMPRESS_FROM_BYTES ? CompressionTypes.None : CompressionTypes.GZIP,
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

function sizeOf(part: readonly Sendable[]): number {
  return part.reduce((bytes, { message }) => bytes + message.value.length, 0);
}

function* parts(events: readonly FeedEvent[], journal: JournalId): Generator<readonly Sendable[]> {
  let part: Sendable[] = [];
  let bytes = 0;
  for (const each of events) {
    const message = encodeEvent(each, journal);
    if (part.length > 0 && bytes + message.value.length > MAX_BYTES_PER_SEND) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push({ message, streamId: each.event.streamId });
    bytes += message.value.length;
  }
  if (part.length > 0) yield part;
}

function isTooLarge(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 10; depth++) {
    if (['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'].includes((at as { type?: string }).type ?? '')) return true;
    at = (at as { cause?: unknown }).cause;
  }
  return false;
}
