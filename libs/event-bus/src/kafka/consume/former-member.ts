import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, Cluster } from 'kafkajs';

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
