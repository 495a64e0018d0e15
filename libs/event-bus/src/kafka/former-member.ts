import type { Broker, Cluster } from 'kafkajs';
import { onceLed } from './once-led.js';

/** It has it, though its types leave it out. */
type Coordinator = Broker & { leaveGroup(member: { groupId: string; memberId: string }): Promise<unknown> };

/**
 * Leaves the group for a member that could not: its broker had gone. One that comes back still counts it in, and has the others wait
 * for it for a session's time-out. Where that fails, they do.
 */
export async function leaveFor(memberId: string, groupId: string, cluster: Cluster): Promise<void> {
  await onceLed(async () => {
    const coordinator = (await cluster.findGroupCoordinator({ groupId })) as Coordinator;
    await coordinator.leaveGroup({ groupId, memberId });
  }).catch(() => undefined);
}
