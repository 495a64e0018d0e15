import { CONSUMER_POOL } from '@postern/database';
import { dataSourceModule } from '@postern/data-sources';

/**
 * The journal's feed, for the bus of a process or for its publisher: it never has both. One module for the two of them, since
 * Nest warns of a name that is registered twice. The publisher writes its checkpoint by it: a leader that is frozen in that would keep
 * the next one from it, and all events from everybody.
 */
export const feedDataSource = dataSourceModule('postern_feed', { poolSize: 4, ...CONSUMER_POOL });
