import { journalOfPolicy, type JournalId } from '@postern/contracts';
import { Partitioners, type Kafka, type Producer, type Transaction } from 'kafkajs';
import { isPermanent } from '../../stream-version.js';
import { WriteRefused, type TopicMessage, type TopicWriter } from '../../event-bus.js';
import {
  COORDINATOR_STARTS_WITHIN_MS,
  coordinatorStarts,
  isTooLarge,
  kafkaError,
  retried,
} from '../client/kafka-errors.js';
import { partsOf } from './send-events.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import { kafkaClient, type KafkaSettings } from '../client/kafka-client.js';
import { TopicOfAnotherJournal } from '../topics/topic-errors.js';
import { withAdmin, lastMessages, topicOffsets } from '../topics/read-topics.js';
import type { TopicSettings } from '../topics/topic-settings.js';

/** A broker accepts 1 MB per batch by default. The rest is for keys, headers and framing. */
const MAX_BYTES_PER_SEND = 500_000;
/** The broker aborts an older transaction: its writer has died. */
const TRANSACTION_TIMEOUT_MS = 30_000;
/** Per partition, to find a message: each transaction also leaves a marker there. */
const LOOKED_AT_OFFSETS = 100;

/**
 * Writes in transactions with one transactional id, so that the broker refuses a former writer that was frozen and wakes up. A lock elsewhere
 * cannot do that, and in a compacted topic the old state would remain the last of its key.
 */
export class KafkaTopicWriter implements TopicWriter {
  readonly #client: Kafka;
  private readonly topic: string;
  #producer: Producer | null = null;

  constructor(
    private readonly kafka: KafkaSettings,
    private readonly settings: TopicSettings,
    private readonly topicPrefix = '',
  ) {
    this.topic = topicPrefix + settings.topic;
    this.#client = kafkaClient(kafka, 'postern-policy-publisher');
  }

  async open(journal: JournalId): Promise<'empty' | 'filled'> {
    return this.#explained(async () => {
      await this.close();
      await ensureTopics(this.kafka, [this.settings], this.topicPrefix);
      await this.#refuseOtherJournal(journal);
      this.#producer = this.#client.producer({
        // Without `idempotent`: each transaction is, and kafkajs would use a second producer id outside of them.
        transactionalId: `${this.topic}.writer`,
        transactionTimeout: TRANSACTION_TIMEOUT_MS,
        maxInFlightRequests: 1,
        createPartitioner: Partitioners.DefaultPartitioner,
      });
      await this.#producer.connect();
      // The first transaction fences the former writer; it may be empty.
      await (await retried(() => this.#begin(), coordinatorStarts, COORDINATOR_STARTS_WITHIN_MS)).abort();
      return (await this.#isEmpty()) ? 'empty' : 'filled';
    });
  }

  async write(messages: readonly TopicMessage[]): Promise<void> {
    await this.#explained(async () => {
      const transaction = await this.#begin();
      try {
        const bytesOf = ({ key, value }: TopicMessage) => Buffer.byteLength(key) + Buffer.byteLength(value);
        for (const part of partsOf(messages, bytesOf, MAX_BYTES_PER_SEND))
          await transaction.send({ topic: this.topic, acks: -1, messages: [...part] });
        await transaction.commit();
      } catch (error) {
        if (transaction.isActive()) await transaction.abort().catch(() => undefined);
        throw error;
      }
    });
  }

  async #begin(): Promise<Transaction> {
    if (!this.#producer) throw new Error(`The writer of ${this.topic} is not open.`);
    return this.#producer.transaction();
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await producer?.disconnect().catch(() => undefined);
  }

  /** Before the takeover, so that the other database's writer can continue. */
  async #refuseOtherJournal(ours: JournalId): Promise<void> {
    for (const { partition, message } of await lastMessages(this.kafka, [this.topic], LOOKED_AT_OFFSETS)) {
      const theirs = journalOfPolicy(message.value);
      const place = { topic: this.settings.topic, partition, offset: Number(message.offset) };
      if (theirs !== null && theirs !== ours) throw new TopicOfAnotherJournal(place, { theirs, ours });
    }
  }

  async #isEmpty(): Promise<boolean> {
    const offsets = await withAdmin(this.kafka, (admin) => topicOffsets(admin, this.topic));
    return offsets.every(({ low, high }) => low === high);
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      const error = kafkaError(thrown, this.kafka);
      if (isPermanent(error) || isTooLarge(error)) throw new WriteRefused(error.message, { cause: error });
      throw error;
    }
  }
}
