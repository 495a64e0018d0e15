import type { Digest64, RelayPolicyEntry, Revision, SmtpUserId, TenantId, UsernameKey } from '@postern/contracts';
import type { ModeSetting } from '@postern/restrictions';

export interface PolicyRules extends ModeSetting {
  readonly restricted: boolean;
  readonly entries: readonly RelayPolicyEntry[];
}

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
  changed: boolean;
}
