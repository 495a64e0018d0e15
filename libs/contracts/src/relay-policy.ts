import type { Mode } from './decision.js';
import type { Revision, SmtpUserId, TenantId } from './ids.js';

export interface RelayPolicyEntry {
  /** Canonical range. */
  readonly range: string;
  /** RFC 3339, UTC; the relay stops honouring the entry at that instant, by its own clock. Null: never. */
  readonly expiresAt: string | null;
}

/** Everything a relay needs to decide for one username: a line of the snapshot, and the data of an SSE `policy` event. */
export interface RelayPolicy {
  /** As shown; compared without case. */
  readonly username: string;
  readonly tenantId: TenantId;
  readonly smtpUserId: SmtpUserId;
  readonly restricted: boolean;
  readonly mode: Mode;
  readonly entries: readonly RelayPolicyEntry[];
  /** The SMTP user's version that this policy reflects. */
  readonly version: number;
  /** Rises with every change of any policy, in commit order. */
  readonly revision: Revision;
  /** A tombstone: the username is unknown again. */
  readonly removed: boolean;
}

/** How far the relay policies are behind the journal; null where that could not be measured in time. */
export interface PolicyLag {
  /** Events that were acknowledged and are not in the policies yet; counting may end at some bound. */
  readonly lagEvents: number | null;
  /** Age of the oldest of them; 0 where there is none. */
  readonly lagSeconds: number | null;
}

/** Data of the SSE `heartbeat`: what a relay that applied everything up to `revision` holds. */
export interface Heartbeat extends PolicyLag {
  readonly revision: Revision;
  /** Policies that are not removed. */
  readonly policies: number;
  /** 16 hex digits: the XOR of `policyDigest` over them; `0000000000000000` for none. */
  readonly digest: string;
}
