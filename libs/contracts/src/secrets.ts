import type { Recorded } from './events.js';

/** The event as it may leave the journal: what an API key could be found by stays there. Nothing else is secret. */
export function withoutSecrets(event: Recorded): Recorded {
  if (event.type !== 'ApiKeyIssued') return event;
  const { secretHash: _, ...data } = event.data;
  return { ...event, data };
}
