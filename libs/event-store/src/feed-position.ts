/** A place in the feed: behind the event with this transaction id and position. */
export interface FeedPosition {
  /** `xid8`, 64 bits without a sign, as text. */
  readonly xid: string;
  readonly position: number;
}

export const FEED_START: FeedPosition = { xid: '0', position: 0 };

export function samePosition(a: FeedPosition, b: FeedPosition): boolean {
  return a.xid === b.xid && a.position === b.position;
}
