import { EARLIEST_DENIAL, isUuid, type Recorded } from '@postern/contracts';
import { parseAddress } from '@postern/ip-ranges';

/** A denial as `audit.denials` holds it; the keys are the columns. */
export interface DenialRow {
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. Never later than `recorded_at`: a relay whose clock is ahead must not stay on top of every list. */
  readonly occurred_at: string;
  readonly recorded_at: string;
  readonly position: number;
  readonly smtp_user_id: string;
  readonly count: number;
  readonly refused: boolean;
  readonly tenant_id: string;
  readonly username: string;
  readonly ip: string;
  /** Null where `ip` is no address. */
  readonly address: string | null;
  readonly relay: string;
  readonly reason: string;
  readonly mode: string;
}

/** An event that no repeat would make readable. */
export interface UnreadableDenial {
  readonly event: Recorded;
  readonly why: string;
}

/** A text in an index may have some 2,700 bytes; no address is near this, and what is none need not be kept whole. */
const MAX_IP_LENGTH = 256;
const MAX_COUNT = 2_147_483_647;

/** The row of an event, or why there can be none. It never throws: one bad event must not stop all others. */
export function denialRow(event: Recorded): DenialRow | UnreadableDenial {
  if (event.type !== 'AuthDenied') return { event, why: `is of the type ${event.type}` };
  const { denialId, smtpUserId, username, ip, occurredAt, relay, reason, mode, refused, count } = event.data;
  const why = whyUnreadable(event);
  if (why !== null) return { event, why };
  const address = parseAddress(ip);
  return {
    id: denialId,
    occurred_at: earlier(new Date(occurredAt).toISOString(), event.recordedAt),
    recorded_at: event.recordedAt,
    position: event.position,
    smtp_user_id: smtpUserId,
    count,
    refused,
    tenant_id: String(event.tenantId),
    username,
    ip: ip.slice(0, MAX_IP_LENGTH),
    address: address.ok ? address.value.text : null,
    relay,
    reason,
    mode,
  };
}

export function isUnreadable(row: DenialRow | UnreadableDenial): row is UnreadableDenial {
  return 'why' in row;
}

/** What the columns would refuse: the types say it cannot be, but the events come from other programs and other times. */
function whyUnreadable(event: Extract<Recorded, { type: 'AuthDenied' }>): string | null {
  const { denialId, smtpUserId, username, ip, occurredAt, relay, reason, mode, refused, count } = event.data;
  if (event.tenantId === null) return 'has no tenant';
  if (!isUuid(denialId)) return 'has a denialId that is no UUID';
  if (!isUuid(smtpUserId)) return 'has an smtpUserId that is no UUID';
  if (!isTime(occurredAt)) return 'has an occurredAt that is no time';
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT) return 'has a count that is no number from 1';
  if (typeof refused !== 'boolean') return 'has a refused that is neither true nor false';
  const texts = { username, ip, relay, reason, mode };
  const missing = Object.entries(texts).find(([, text]) => typeof text !== 'string');
  return missing ? `has no ${missing[0]}` : null;
}

/** The bound of the command-service's door, which takes no earlier one. */
function isTime(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const time = new Date(text).getTime();
  return time >= new Date(EARLIEST_DENIAL).getTime() && new Date(text).getUTCFullYear() <= 9999;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}
