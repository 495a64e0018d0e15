/** Counters are those of this process. Denials are counted in records, unless a comment says logins. */
export interface RelayStatus {
  /** `waiting`: no policies yet. `stale`: they are too old. In both, all logins are deferred. */
  readonly state: 'waiting' | 'deciding' | 'stale' | 'stopped';
  /** The policy stream is open. */
  readonly connected: boolean;
  /** A digest of the control plane has confirmed the policies. */
  readonly verified: boolean;
  readonly keyRefused: boolean;
  /** Of the last policy that was applied; null before the first policies. */
  readonly revision: number | null;
  readonly policies: number;
  readonly replicaBytes: number;
  /** RFC 3339, UTC, milliseconds; null if there was no contact, or its time is unknown. */
  readonly lastContactAt: string | null;
  /** Acknowledged events that relays do not get yet; null if unknown. A connected relay can miss a change. */
  readonly lagEvents: number | null;
  /** Age of the oldest of them, in seconds; 0 if there is none. */
  readonly lagSeconds: number | null;
  readonly reconnects: number;
  readonly snapshots: number;
  readonly digestMismatches: number;
  readonly unreadablePolicies: number;
  readonly unknownUsers: number;
  /** Records that are not acknowledged, also those whose count still grows. A record may count many logins. */
  readonly queuedDenials: number;
  /** Logins that were counted into a record instead of being reported on their own. */
  readonly foldedDenials: number;
  /** Folded logins whose record is not sent yet. */
  readonly countingDenials: number;
  readonly acknowledgedDenials: number;
  readonly rejectedDenials: number;
  /** Logins. */
  readonly droppedDenials: number;
  /** Records that are in memory only: without `dataDir` all of them, otherwise those that could not be written yet. */
  readonly unsavedDenials: number;
  /** Damaged lines of the spool in `dataDir`. Each may have been a record or a count. */
  readonly damagedDenials: number;
  /** Why the last batch of denials was not accepted; null after one was. The batch is kept and sent again. */
  readonly denialsError: string | null;
  /** Logins of users with a policy that were let through and counted; all of them unless `observeLogins` is off, or some were dropped. */
  readonly countedLogins: number;
  readonly reportedLogins: number;
  /** Logins that found no room to be counted, or were counted and then not accepted within a day. */
  readonly droppedLogins: number;
}

/** Problems for the relay's operator. None of them stops the relay from deciding. */
export type ProblemCode =
  | 'control-plane-unreachable'
  | 'answer-unexpected'
  | 'key-refused'
  | 'policy-unreadable'
  | 'snapshot-refused'
  | 'digest-mismatch'
  /** The snapshot is older than the policies in use: a restored database, or another Postern. */
  | 'policies-went-back'
  | 'last-known-good-unusable'
  | 'denials-not-accepted'
  | 'denials-not-saved'
  | 'denial-dropped'
  | 'denial-rejected'
  | 'logins-not-accepted'
  | 'logins-dropped'
  | 'logins-rejected';

export interface RelayProblem {
  readonly code: ProblemCode;
  /** One sentence for a log. */
  readonly detail: string;
}

export type OnProblem = (problem: RelayProblem) => void;
