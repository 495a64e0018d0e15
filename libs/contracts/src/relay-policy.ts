import type { Revision } from './ids.js';
import type { RELAY_POLICY_DATA } from './schemas/messages.js';
import type { Described } from './schemas/words.js';

/** Everything a relay needs to decide for one username: a line of the snapshot, and the data of an SSE `policy` event. */
export type RelayPolicy = Described<(typeof RELAY_POLICY_DATA)[0]>;
export type RelayPolicyEntry = RelayPolicy['entries'][number];

/** How far the relay policies are behind the journal; null where that could not be measured in time. */
export interface PolicyLag {
  /** Events that were acknowledged and are not in the policies yet; counting may end at some bound. */
  readonly lagEvents: number | null;
  /** Age of the oldest of them; 0 where there is none. */
  readonly lagSeconds: number | null;
}

/** Data of the SSE `heartbeat`: what a relay that applied everything up to `revision` has. */
export interface Heartbeat extends PolicyLag {
  readonly revision: Revision;
  /** Policies that are not removed. */
  readonly policies: number;
  /** 16 hex digits: the XOR of `policyDigest` over them; `0000000000000000` for none. */
  readonly digest: string;
}
