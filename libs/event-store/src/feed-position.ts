/** A place in the feed: behind the event with this transaction id and position. */
export interface FeedPosition {
  /** `xid8`, 64 bits without a sign, as text. */
  readonly xid: string;
  readonly position: number;
}

export const FEED_START: FeedPosition = { xid: '0', position: 0 };
/** Behind all that can come: the largest `xid8`. */
export const FEED_END: FeedPosition = { xid: '18446744073709551615', position: Number.MAX_SAFE_INTEGER };

/** `a` lies behind `b`. */
export function isBehind(a: FeedPosition, b: FeedPosition): boolean {
  const [x, y] = [BigInt(a.xid), BigInt(b.xid)];
  return x === y ? a.position > b.position : x > y;
}

export function samePosition(a: FeedPosition, b: FeedPosition): boolean {
  return a.xid === b.xid && a.position === b.position;
}
