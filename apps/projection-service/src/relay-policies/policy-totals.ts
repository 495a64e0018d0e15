import type { Digest64, Heartbeat, PolicyLag, Revision } from '@postern/contracts';
import { digestToHex } from '@postern/contracts';

/** The totals once every change up to `revision` was applied. */
export interface PolicyTotals {
  readonly revision: Revision;
  /** Policies that are not removed. */
  readonly policies: number;
  /** XOR of their digests. */
  readonly digest: Digest64;
}

/** The one row of `relay_policy_totals`, as the driver gives it. */
export interface TotalsRecord {
  readonly revision: string;
  readonly policies: number;
  readonly digest: Buffer;
}

export function totalsOf(record: TotalsRecord): PolicyTotals {
  return {
    revision: Number(record.revision) as Revision,
    policies: record.policies,
    digest: digestFromBytes(record.digest),
  };
}

export function heartbeatOf({ revision, policies, digest }: PolicyTotals, lag: PolicyLag): Heartbeat {
  return { revision, policies, digest: digestToHex(digest), lagEvents: lag.lagEvents, lagSeconds: lag.lagSeconds };
}

export function digestFromBytes(bytes: Buffer): Digest64 {
  return { high: bytes.readUInt32BE(0), low: bytes.readUInt32BE(4) };
}
