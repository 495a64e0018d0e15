import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalId } from '@postern/contracts';
import type { Broker, Cluster, Consumer } from 'kafkajs';

/** The journal is part of it: a database that was given another's broker must not take partitions from that one's consumers. */
export function consumerGroup(topicPrefix: string, consumer: string, journal: JournalId): string {
  return `${topicPrefix}postern.${consumer}.${journal}`;
}

const COMMIT_EVERY_MS = 1_000;

/**
 * Commits to the group how far each partition was handled, after the transactions and now and then: only tools that show a group's
 * lag look at it. What is lost of it costs nothing.
 */
export class GroupOffsets {
  readonly #waiting = new Map<string, { topic: string; partition: number; offset: string }>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly consumer: Consumer) {
    this.#timer = setInterval(() => void this.commit(), COMMIT_EVERY_MS);
  }

  handled(topic: string, partition: number, next: number): void {
    this.#waiting.set(`${topic}/${partition}`, { topic, partition, offset: String(next) });
  }

  async commit(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const offsets = [...this.#waiting.values()];
    this.#waiting.clear();
    await this.consumer.commitOffsets(offsets).catch(() => undefined);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** It has it, though its types leave it out. */
type Coordinator = Broker & { leaveGroup(member: { groupId: string; memberId: string }): Promise<unknown> };

/** A broker that has just started reads its groups first. */
const LEAVE_WITHIN_MS = 3_000;
const TRY_AGAIN_MS = 100;

/**
 * Leaves the group for a member that could not: its broker had gone. One that comes back still counts it in, and has the others wait
 * for it for a session's time-out. Where that fails, they do.
 */
export async function leaveFor(memberId: string, groupId: string, cluster: Cluster): Promise<void> {
  for (const late = performance.now() + LEAVE_WITHIN_MS; performance.now() < late; await sleep(TRY_AGAIN_MS)) {
    try {
      const coordinator = (await cluster.findGroupCoordinator({ groupId })) as Coordinator;
      await coordinator.leaveGroup({ groupId, memberId });
      return;
    } catch (error) {
      // It may also have left in order, or was found out to be gone.
      if ((error as { retriable?: boolean }).retriable !== true) return;
    }
  }
}
