import type { Digest64, Mode, RelayPolicyEntry, Revision, SmtpUserId, TenantId, UsernameKey } from '@postern/contracts';

/** What the events of a restriction change. */
export interface PolicyRules {
  readonly mode: Mode;
  readonly restricted: boolean;
  readonly entries: readonly RelayPolicyEntry[];
}

/** One user's hold on one username: a row of `projection.relay_policies`, which explains the columns. */
export interface PolicyRow {
  readonly smtpUserId: SmtpUserId;
  readonly usernameKey: UsernameKey;
  readonly tenantId: TenantId;
  username: string;
  rules: PolicyRules;
  /** Of the user's last event that changed it. */
  version: number;
  eventId: string;
  claimedAt: number;
  removed: boolean;
  digest: Digest64;
  revision: Revision | null;
  /** Differs from what the table holds. */
  changed: boolean;
}
