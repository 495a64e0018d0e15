import { dataSourceModule } from '../database/data-source.module.js';

/**
 * The journal's feed, for the bus of a process or for its publisher: it never has both. One module for the two of them, since
 * Nest warns of a name that is registered twice.
 */
export const feedDataSource = dataSourceModule('postern_feed', { poolSize: 4 });
