import { TOPICS, type Topic } from '@postern/contracts';
import { isLockHeld, openDataSource } from '@postern/database';
import { deleteOwnTopics, PUBLISHER_LOCK, RELAY_POLICIES, type KafkaSettings } from '@postern/event-bus';
import { askForRepublish, republishLeft } from '@postern/event-store';
import { POLICY_PUBLISHER_LOCK, publication, publishAgain } from '@postern/projection-service';
import { followRefill, type RefillOutcome } from './follow-refill.js';

/** Asks for a topic to be filled, and follows it. `url` is the owner's. */
type Refill = (url: string, tell: (line: string) => void) => Promise<RefillOutcome>;

/** By what the topics are called after `postern.` and before their version. */
export const REFILLS = {
  'smtp-users': fromJournal(TOPICS.smtpUsers),
  'auth-denials': fromJournal(TOPICS.authDenials),
  tenants: fromJournal(TOPICS.tenants),
  'relay-policies': fromPolicies,
} as const satisfies Readonly<Record<string, Refill>>;
export type RefillName = keyof typeof REFILLS;

const TOPIC_OF: Readonly<Record<RefillName, string>> = {
  'smtp-users': TOPICS.smtpUsers,
  'auth-denials': TOPICS.authDenials,
  tenants: TOPICS.tenants,
  'relay-policies': RELAY_POLICIES.topic,
};

/**
 * Deletes the topics at once where no service writes them: after a restore the consumers that start would otherwise read what the
 * database has lost, before the publisher recreates them. False where a service runs, which does it. `url` is the owner's.
 */
export async function deleteWhileStopped(
  url: string,
  kafka: KafkaSettings,
  names: readonly RefillName[],
): Promise<boolean> {
  const feed = await openDataSource(url, 'postern_feed', { poolSize: 1 });
  try {
    for (const lock of [PUBLISHER_LOCK, POLICY_PUBLISHER_LOCK]) if (await isLockHeld(feed, lock)) return false;
    await deleteOwnTopics(
      { kafka, feed, topicPrefix: '' },
      names.map((name) => TOPIC_OF[name]),
    );
    return true;
  } finally {
    await feed.destroy();
  }
}

function fromJournal(topic: Topic): Refill {
  return async (url, tell) => {
    const feed = await openDataSource(url, 'postern_feed', { poolSize: 1 });
    try {
      if ((await askForRepublish(feed, topic)) === 'nothing-published') {
        return { kind: 'nothing-published', told: 'Nothing was published yet: there is nothing to repeat.' };
      }
      const left = () => republishLeft(feed, topic);
      return await followRefill(
        { left, isLed: () => isLockHeld(feed, PUBLISHER_LOCK), who: 'a command-service' },
        tell,
      );
    } finally {
      await feed.destroy();
    }
  };
}

async function fromPolicies(url: string, tell: (line: string) => void): Promise<RefillOutcome> {
  const projection = await openDataSource(url, 'postern_projection', { poolSize: 1 });
  try {
    await publishAgain(projection);
    const left = async () => (await publication(projection)).waiting;
    const isLed = () => isLockHeld(projection, POLICY_PUBLISHER_LOCK);
    return await followRefill({ left, isLed, who: 'a projection-service' }, tell);
  } finally {
    await projection.destroy();
  }
}
