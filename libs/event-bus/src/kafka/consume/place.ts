import type { Topic } from '@postern/contracts';

export interface Place {
  readonly topic: Topic;
  readonly partition: number;
}

/** The partition's name among a consumer's checkpoints. */
export function sourceOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}
