export const STREAM_LIMITS = Symbol('stream limits');

/** What bounds the streams of one process. */
export type StreamLimits = Readonly<typeof DEFAULT_STREAM_LIMITS>;

export const DEFAULT_STREAM_LIMITS = {
  /** API: "heartbeat each 5 s". */
  heartbeatMs: 5_000,
  maxClients: 5_000,
  /** Of one API key: no relay's key takes all the places. A complete fleet may share one. */
  maxClientsPerKey: 2_500,
  /** A client that leaves more than this unread is dropped; it resumes, and is then sent only as much as it reads. */
  maxUnreadBytes: 1_048_576,
  /** A client that is catching up and reads nothing for so long is dropped. */
  stalledMs: 20_000,
  /** How often the table is looked at where nothing wakes. */
  pollMs: 1_000,
  recentBytes: 16_777_216,
  /** Queries at once for clients that catch up. */
  catchUpReads: 2,
};
