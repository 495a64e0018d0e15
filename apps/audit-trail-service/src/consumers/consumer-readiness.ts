import type { RunningSubscription } from '@postern/event-bus';
import type { ReadinessCheck } from '@postern/service-kit';

/**
 * A consumer is ready once it has caught up for the first time, and for as long as it does not fail. One that merely
 * has work to do again is ready: a flood of denials must not take the audit trail out of service.
 */
export function consumerReadiness(subscription: Pick<RunningSubscription, 'status'>): ReadinessCheck {
  let hasCaughtUp = false;
  return () => {
    const { caughtUp, lastError, failures } = subscription.status();
    if (lastError) return `halted after ${failures} failures: ${lastError.message}`;
    hasCaughtUp ||= caughtUp;
    return hasCaughtUp ? null : 'is catching up with the journal';
  };
}
