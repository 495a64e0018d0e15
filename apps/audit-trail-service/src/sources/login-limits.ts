/** What the service takes of relays that report logins. */
export const LOGIN_LIMITS = {
  /** A count beyond this is a relay's mistake, and would drown all others in the sums. */
  count: 1_000_000_000,
  /** A relay's clock may be ahead by this much. */
  aheadMs: 3_600_000,
  /** Batches that are stored at once. A relay sends about one a minute. */
  batchesAtOnce: 2,
  /** Batches that wait; a relay sends again what was refused. */
  batchesWaiting: 100,
} as const;
