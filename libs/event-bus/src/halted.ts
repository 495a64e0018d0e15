import type { Topic } from '@postern/contracts';

/**
 * Of each topic of a consumer the partitions in which it goes no further until somebody acts. The journal's own feed has none: there each
 * topic counts as one. What passes by itself, a broker or a database that is away, does not count.
 */
export type HaltedPartitions = ReadonlyMap<Topic, number>;

/** What could not be handled so often in a row counts as halted. It is tried again all the same. */
export const HALTED_AFTER_ATTEMPTS = 5;

/** A gap in a stream that lasts for so long counts as halted: the missing events are hardly on their way any more. It is waited for all the same. */
export const GAP_HALTS_AFTER_MS = 30_000;
