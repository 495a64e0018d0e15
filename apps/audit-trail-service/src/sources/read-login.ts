import { isUuid, utcTime, type EntryId, type LoginReport, type SmtpUserId, type TenantId } from '@postern/contracts';
import { parseAddress } from '@postern/ip-ranges';
import type { LoginRecord } from '@postern/observed-logins';

/** Limits on what relays report of logins. */
export const LOGIN_LIMITS = {
  /** A higher count is a relay's mistake, and would dominate all sums. */
  count: 1_000_000_000,
  /** A relay's clock may be ahead by this much. */
  aheadMs: 3_600_000,
  /** Batches that are stored at the same time. A relay sends about one a minute. */
  batchesAtOnce: 2,
  /** Batches that wait. Further ones are refused; the relay sends them again. */
  batchesWaiting: 100,
} as const;

/** Why a record is rejected; a label of the metric. */
export type Rejection = 'malformed' | 'address-unreadable' | 'clock-ahead' | 'too-old' | 'smtp-user-unknown';

/** At most the length of a host name (RFC 1035). */
const RELAY_NAME = /^\P{C}{1,253}$/u;
const MEMBERS = 6;
const HOUR_MS = 3_600_000;

/** The SMTP user that an item of a batch names; null if it names none. */
export function userOf(item: unknown): SmtpUserId | null {
  const id = (item as Partial<LoginReport> | null)?.smtpUserId;
  return typeof id === 'string' && isUuid(id) ? id : null;
}

/**
 * Checks an item of a batch. Returns it with a canonical address and its time cut to the hour, or why it is rejected.
 * @param smtpUserId of `userOf`; `tenantId` null: there is no such SMTP user
 * @param keptFrom null: nothing is too old
 */
export function readLogin(
  item: unknown,
  smtpUserId: SmtpUserId | null,
  tenantId: TenantId | null,
  now: Date,
  keptFrom: Date | null,
): LoginRecord | Rejection {
  if (smtpUserId === null) return 'malformed';
  const { ip, hour, count, entryId, relay } = item as Partial<Record<keyof LoginReport, unknown>>;
  if (
    typeof ip !== 'string' ||
    typeof hour !== 'string' ||
    !(Number.isInteger(count) && Number(count) >= 1 && Number(count) <= LOGIN_LIMITS.count) ||
    !(entryId === null || (typeof entryId === 'string' && isUuid(entryId))) ||
    typeof relay !== 'string' ||
    !RELAY_NAME.test(relay) ||
    Object.keys(item as object).length !== MEMBERS
  )
    return 'malformed';
  const ms = msOf(hour);
  if (ms === null) return 'malformed';
  const address = parseAddress(ip);
  if (!address.ok) return 'address-unreadable';
  const began = Math.floor(ms / HOUR_MS);
  if (began * HOUR_MS > now.getTime() + LOGIN_LIMITS.aheadMs) return 'clock-ahead';
  if (keptFrom !== null && ms < keptFrom.getTime()) return 'too-old';
  if (tenantId === null) return 'smtp-user-unknown';
  return {
    smtpUserId,
    tenantId,
    ip: address.value.text,
    hour: began,
    count: Number(count),
    entryId: entryId as EntryId | null,
    relay,
  };
}

/** Most records of a batch are of the same hour, and to read it was half the work of reading a record. */
let latest: { readonly text: string; readonly ms: number | null } = { text: '', ms: null };

function msOf(text: string): number | null {
  if (text !== latest.text) {
    const time = utcTime(text);
    latest = { text, ms: time === null ? null : Date.parse(time) };
  }
  return latest.ms;
}
