import kafkajs, { type PartitionMetadata } from 'kafkajs';

const { Partitioners } = kafkajs;
const partitioner = Partitioners.DefaultPartitioner();

/** The partition that the publisher puts messages of this key into, of so many. */
export function partitionOf(key: string, partitions: number): number {
  if (metadata.length !== partitions)
    metadata = Array.from({ length: partitions }, (_, partitionId) => ({ ...LED, partitionId }));
  return partitioner({ topic: '', partitionMetadata: metadata, message: { key, value: null } });
}

/** A key decides alone, whoever leads. */
const LED = { partitionErrorCode: 0, leader: 0, replicas: [], isr: [] };
let metadata: PartitionMetadata[] = [];
