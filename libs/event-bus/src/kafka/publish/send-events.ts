import { encodeEvent, type EventMessage, type FeedEvent, type JournalId } from '@postern/contracts';
import kafkajs, { type Kafka, type PartitionerArgs, type Producer } from 'kafkajs';
import { partitionsWrong } from '../topics/ensure-topics.js';

const { CompressionTypes, Partitioners } = kafkajs;

/** So much of a page is sent at once, before compression; one that is larger goes alone. */
export const MAX_BYTES_PER_SEND = 524_288;

/** A single change is on its way to relays sooner without a turn in the thread pool here, and another in each consumer. */
const COMPRESS_FROM_BYTES = 4_096;

/** A message is larger than the topic takes: it can never be sent as it is, and what follows waits for it. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
  constructor({ topic, value }: EventMessage, streamId: string, cause: unknown) {
    super(
      `An event of ${streamId}, ${Buffer.byteLength(value)} bytes, is larger than ${topic} takes, and the events behind it wait. ` +
        'Raise max.message.bytes of the topic (and message.max.bytes of the brokers); it is then sent.',
      { cause },
    );
  }
}

/**
 * Sends events in order, each page whole or again. Idempotent and one request at a time, so that the client's own repeats
 * neither double nor overtake. After a failure the producer is made anew: what became of its last request is not known,
 * and the broker would take the next for a repeat of that.
 */
export class EventSender {
  #producer: Promise<Producer> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly topicPrefix: string,
    /** Of each topic. */
    private readonly partitions: number,
  ) {}

  /** Resolves when every in-sync replica has all of them. Throws `MessageTooLarge`, `TopicSettingsWrong`, or what kafkajs throws. */
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
      createPartitioner: () => byKey(this.partitions),
      metadataMaxAge: 60_000,
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
      if (part.length === 1) throw new MessageTooLarge(only.message, only.streamId, error);
      // The topic takes less than a part: one by one, so that it is known which is too large.
      for (const each of part) await this.#sendPart(producer, [each]);
    }
  }
}

/** Refuses a topic to which partitions were added meanwhile: what comes of a key would overtake what is in its old one. */
function byKey(partitions: number): (args: PartitionerArgs) => number {
  const choose = Partitioners.DefaultPartitioner();
  return (args) => {
    const found = args.partitionMetadata.length;
    if (found !== partitions) throw partitionsWrong(args.topic, found, partitions);
    return choose(args);
  };
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
