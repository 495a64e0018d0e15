/** A relay client at one moment; the counters are of this process. */
export interface RelayStatus {
  /** `waiting`: no policies yet, all logins are deferred. `stale`: they are too old, likewise. */
  readonly state: 'waiting' | 'deciding' | 'stale' | 'stopped';
  /** The policy stream is open. */
  readonly connected: boolean;
  /** A digest of the control plane has confirmed the policies. */
  readonly verified: boolean;
  readonly keyRefused: boolean;
  /** The last one applied; null before the first policies. */
  readonly revision: number | null;
  readonly policies: number;
  readonly replicaBytes: number;
  /** RFC 3339, UTC, milliseconds; null where there was none, or where nobody knows when it was. */
  readonly lastContactAt: string | null;
  /**
   * Events that the control plane has acknowledged and does not send to relays yet, as its last heartbeat said; null where
   * it is not connected, or where the control plane does not know. A relay that is connected can still miss a change.
   */
  readonly lagEvents: number | null;
  /** Age of the oldest of them, in seconds; 0 where there is none. */
  readonly lagSeconds: number | null;
  readonly reconnects: number;
  readonly snapshots: number;
  readonly digestMismatches: number;
  readonly unreadablePolicies: number;
  readonly unknownUsers: number;
  /** Records that wait to be acknowledged, those that are still counted included. One may stand for many logins: see its count. */
  readonly queuedDenials: number;
  /** Logins that were counted into a record instead of being reported on their own. */
  readonly foldedDenials: number;
  /** Those of them whose record is not sent yet. */
  readonly countingDenials: number;
  /** Records. */
  readonly acknowledgedDenials: number;
  /** Records. */
  readonly rejectedDenials: number;
  /** Logins. */
  readonly droppedDenials: number;
  /** Records that wait in memory only: all of them without `dataDir`, else what the disk did not take yet. */
  readonly unsavedDenials: number;
  /** Lines of the spool in `dataDir` that were damaged; each may have been a record, or a count of one. */
  readonly damagedDenials: number;
  /** Why the last batch of denials was not accepted; null once one was. The batch is kept and sent again. */
  readonly denialsError: string | null;
}

/** What a relay's operator should hear of. None of it stops the relay from deciding. */
export type ProblemCode =
  | 'control-plane-unreachable'
  /** Somebody else answers at its URL: a proxy, a login page. */
  | 'answer-unexpected'
  | 'key-refused'
  | 'policy-unreadable'
  | 'snapshot-refused'
  | 'digest-mismatch'
  /** A snapshot is older than the policies in use: a restored database, or an upstream of another Postern. */
  | 'policies-went-back'
  | 'last-known-good-unusable'
  | 'denials-not-accepted'
  | 'denials-not-saved'
  | 'denial-dropped'
  | 'denial-rejected';

export interface RelayProblem {
  readonly code: ProblemCode;
  /** One sentence for a log. */
  readonly detail: string;
}

export type OnProblem = (problem: RelayProblem) => void;
