import type { RunningSubscription } from './event-bus.js';

/**
 * What keeps a consumer from being ready, in a few words; null when nothing does. It is ready once it has caught up for the
 * first time, and for as long as it does not fail. One that merely has work to do again is: else a burst of changes, or a
 * flood of denials, would take every process of the read side out of service.
 */
export function consumerReadiness(subscription: Pick<RunningSubscription, 'status'>): () => string | null {
  return () => {
    const { hasCaughtUp, lastError } = subscription.status();
    if (lastError) return `does not get on: ${lastError.message}`;
    return hasCaughtUp ? null : 'is catching up with the journal';
  };
}
