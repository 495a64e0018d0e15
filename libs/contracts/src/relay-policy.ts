import type { Revision } from './ids.js';
import type { RELAY_POLICY_DATA } from './schemas/messages.js';
import type { Described } from './schemas/words.js';

/** What a relay needs for one username: a line of the snapshot, and the data of an SSE `policy` event. */
export type RelayPolicy = Described<(typeof RELAY_POLICY_DATA)[0]>;
export type RelayPolicyEntry = RelayPolicy['entries'][number];

/** How far the relay policies are behind the journal; null if that could not be measured in time. */
export interface PolicyLag {
  /** Acknowledged events that are not in the policies yet, counted up to a limit. */
  readonly lagEvents: number | null;
  /** Age of the oldest of them; 0 if there is none. */
  readonly lagSeconds: number | null;
}

/** Data of the SSE `heartbeat`: the state of a relay that applied everything up to `revision`. */
export interface Heartbeat extends PolicyLag {
  readonly revision: Revision;
  readonly policies: number;
  /** 16 hex digits: the XOR of their `policyDigest`; `0000000000000000` for none. */
  readonly digest: string;
}
