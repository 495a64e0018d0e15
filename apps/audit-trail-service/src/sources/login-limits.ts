/** Limits on what relays report of logins. */
export const LOGIN_LIMITS = {
  /** A higher count is a relay's mistake, and would dominate all sums. */
  count: 1_000_000_000,
  /** A relay's clock may be ahead by this much. */
  aheadMs: 3_600_000,
  /** Batches that are stored at the same time. A relay sends about one a minute. */
  batchesAtOnce: 2,
  /** Batches that wait. Further ones are refused; the relay sends them again. */
  batchesWaiting: 100,
} as const;
