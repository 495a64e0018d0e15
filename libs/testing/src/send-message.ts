import { Kafka, logLevel, Partitioners } from 'kafkajs';

/** Puts a message on a topic as any program could: it need not be one of Postern's. */
export async function sendMessage(
  address: string,
  topic: string,
  message: { readonly key: string | null; readonly value: string | Buffer | null },
): Promise<void> {
  const kafka = new Kafka({ clientId: 'outside', brokers: [address], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages: [message] });
  } finally {
    await producer.disconnect();
  }
}
