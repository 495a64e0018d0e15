import type { PublisherStatus } from '@postern/event-bus';
import type { ReadinessCheck } from '@postern/observe';

/**
 * What keeps the publisher from being ready: an event that can never be sent. A broker that is away does not: writes are
 * answered without it, and a process that were taken out for it would refuse them. The lag tells of that.
 */
export function publisherReadiness(publisher: { status(): PublisherStatus }): ReadinessCheck {
  return () => {
    const { halted, lastError } = publisher.status();
    return halted && lastError ? `halted: ${lastError.message}` : null;
  };
}
