import { FEED_START, samePosition, type FeedPosition } from '@postern/event-store';
import type { DataSource } from 'typeorm';

/**
 * Writes down that the consumer has caught up, if its checkpoint still stands at `at`: one that was emptied since then is
 * filled anew, and not whole before that has ended. `projection` is connected as `postern_projection`.
 */
export async function markCaughtUp(
  projection: DataSource,
  consumer: string,
  { source, at }: { readonly source: string; readonly at: FeedPosition },
): Promise<void> {
  const place = [consumer, source, at.xid, at.position];
  // An empty journal moves no checkpoint; what is made of it is whole all the same.
  if (samePosition(at, FEED_START)) await projection.query(START, place);
  await projection.query(MARK, place);
}

const START = `INSERT INTO projection.checkpoints (consumer, source, xid, position) VALUES ($1, $2, $3::xid8, $4) ON CONFLICT DO NOTHING`;
const MARK = `
  UPDATE projection.checkpoints SET caught_up_at = clock_timestamp()
   WHERE consumer = $1 AND source = $2 AND xid = $3::xid8 AND position = $4 AND caught_up_at IS NULL`;
