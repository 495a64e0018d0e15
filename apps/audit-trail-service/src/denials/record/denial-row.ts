import { EARLIEST_DENIAL, isUuid, type Recorded } from '@postern/contracts';
import { parseAddress } from '@postern/ip-ranges';

export interface DenialRow {
  readonly id: string;
  /** RFC 3339, UTC. At most `recorded_at`: a relay whose clock is ahead must not stay on top of every list. */
  readonly occurred_at: string;
  readonly recorded_at: string;
  readonly position: number;
  readonly smtp_user_id: string;
  readonly count: number;
  readonly refused: boolean;
  readonly tenant_id: string;
  readonly username: string;
  readonly ip: string;
  /** Null if `ip` is not an address. */
  readonly address: string | null;
  readonly relay: string;
  readonly reason: string;
  readonly mode: string;
}

export interface UnreadableDenial {
  readonly event: Recorded;
  readonly why: string;
}

/** An indexed text may have about 2,700 bytes. An address is much shorter, and another text may be cut. */
const MAX_IP_LENGTH = 256;
const MAX_COUNT = 2_147_483_647;

/** Never throws: one bad event (from another program, or an older version) must not stop all others. */
export function denialRow(event: Recorded): DenialRow | UnreadableDenial {
  if (event.type !== 'AuthDenied') return { event, why: `is of the type ${event.type}` };
  const { tenantId, recordedAt, position, data } = event;
  const { denialId, smtpUserId, username, ip, occurredAt, relay, reason, mode, refused, count } = data;
  if (tenantId === null) return { event, why: 'has no tenant' };
  if (!isUuid(denialId)) return { event, why: 'has a denialId that is not a UUID' };
  if (!isUuid(smtpUserId)) return { event, why: 'has an smtpUserId that is not a UUID' };
  const time = typeof occurredAt === 'string' ? new Date(occurredAt) : new Date(NaN);
  // The command-service accepts no earlier time.
  if (!(time.getTime() >= EARLIEST) || time.getUTCFullYear() > 9999)
    return { event, why: 'has an occurredAt that is not a time' };
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT)
    return { event, why: 'has a count that is not a number from 1' };
  if (typeof refused !== 'boolean') return { event, why: 'has a refused that is neither true nor false' };
  const missing = TEXTS.find((name) => typeof data[name] !== 'string');
  if (missing !== undefined) return { event, why: `has no ${missing}` };
  const address = parseAddress(ip);
  const occurred = time.toISOString();
  return {
    id: denialId,
    occurred_at: occurred < recordedAt ? occurred : recordedAt,
    recorded_at: recordedAt,
    position,
    smtp_user_id: smtpUserId,
    count,
    refused,
    tenant_id: tenantId,
    username,
    ip: ip.slice(0, MAX_IP_LENGTH),
    address: address.ok ? address.value.text : null,
    relay,
    reason,
    mode,
  };
}

const EARLIEST = Date.parse(EARLIEST_DENIAL);
const TEXTS = ['username', 'ip', 'relay', 'reason', 'mode'] as const;

export function isUnreadable(row: DenialRow | UnreadableDenial): row is UnreadableDenial {
  return 'why' in row;
}
