import type { EventMessage } from '@postern/contracts';
import type { KafkaSettings } from '@postern/event-bus';
import kafkajs from 'kafkajs';

const { Kafka, CompressionTypes, Partitioners, logLevel } = kafkajs;

/** Plain kafkajs as in its manual, with what the publisher promises: idempotent, one in flight, all acks, gzip. */
export async function bareProducer({ brokers }: KafkaSettings): Promise<{
  send(topic: string, messages: readonly EventMessage[]): Promise<void>;
  stop(): Promise<void>;
}> {
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return {
    send: async (topic, messages) => {
      await producer.send({
        topic,
        acks: -1,
        compression: CompressionTypes.GZIP,
        messages: messages.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
      });
    },
    stop: () => producer.disconnect(),
  };
}
