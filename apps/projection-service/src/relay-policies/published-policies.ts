import type { Digest64, Revision } from '@postern/contracts';

/** NOTIFY's channel, with the revision. It only wakes readers of `relay_policies`. */
export const POLICIES_CHANNEL = 'projection_relay_policies';

export const POLICIES_CONSUMER = 'relay-policies';

/** SQL: the consumer has caught up since its checkpoint was empty. Relays could not notice a table that is still being filled: its digest fits. */
export const POLICIES_COMPLETE = `(
  EXISTS (SELECT FROM projection.checkpoints WHERE consumer = '${POLICIES_CONSUMER}' AND caught_up_at IS NOT NULL))`;

/**
 * With the members of a `RelayPolicy`, in the order in which `policyDigest` and the relay's `PolicyReader` read them. PostgreSQL writes the JSON,
 * this process copies it, one text per row: `SELECT row_to_json(line)::text FROM (POLICY_LINES WHERE …) line`.
 */
export const POLICY_LINES = `
  SELECT username, tenant_id AS "tenantId", smtp_user_id AS "smtpUserId", version, restricted, mode, enforce_at AS "enforceAt", entries,
         revision, removed
    FROM projection.relay_policies`;

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

export function totalsOf({ revision, policies, digest }: TotalsRecord): PolicyTotals {
  return { revision: Number(revision) as Revision, policies, digest: digestFromBytes(digest) };
}

export function digestFromBytes(bytes: Buffer): Digest64 {
  return { high: bytes.readUInt32BE(0), low: bytes.readUInt32BE(4) };
}
