import type { Digest64, Heartbeat, PolicyLag, Revision } from '@postern/contracts';
import { digestToHex } from '@postern/contracts';

export interface PolicyTotals {
  readonly revision: Revision;
  readonly policies: number;
  readonly digest: Digest64;
}

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
