import type { Recorded } from '@postern/contracts';
import { readFeed } from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { categoriesOf } from './beside.js';
import type { LivePlace } from './live-place.js';
import type { LiveConsumer } from './read-model.js';

const PAGE = 5_000;

/**
 * The first event, in the feed's order, that the consumer has not applied although it has applied one behind it; null where what it has
 * applied is all of its topics' events up to one place. `feed` is connected as `postern_feed`.
 */
export async function firstNotApplied(
  feed: DataSource,
  { topics }: Pick<LiveConsumer, 'topics'>,
  place: LivePlace,
): Promise<Recorded | null> {
  const categories = categoriesOf(topics);
  for (let after = place.wholeUpTo(topics); ;) {
    const page = await readFeed(feed, after, PAGE, categories, place.end);
    const missing = page.events.find((event, i) => !place.covers(event, page.xids[i] ?? ''));
    if (missing) return missing;
    if (!page.more) return null;
    after = page.position;
  }
}
