import { splitStreamId, TOPIC_OF_CATEGORY, type FeedEvent } from '@postern/contracts';
import { isBehind, type FeedPosition, type Republish } from '@postern/event-store';

export const placeOf = ({ event, xid }: FeedEvent): FeedPosition => ({ xid, position: event.position });

/** Whether the event goes out while topics are filled again: of what was published before, those of these topics alone. */
export function isSent(event: FeedEvent, { topics, until }: Republish): boolean {
  return topics.has(TOPIC_OF_CATEGORY[splitStreamId(event.event.streamId).category]) || isBehind(placeOf(event), until);
}
