import { isUuid, utcTime, type EntryId, type LoginReport, type SmtpUserId, type TenantId } from '@postern/contracts';
import { parseAddress } from '@postern/ip-ranges';
import type { LoginRecord } from '@postern/observed-logins';
import { LOGIN_LIMITS } from './login-limits.js';

/** Why a record is rejected; a label of the metric. */
export type Rejection = 'malformed' | 'address-unreadable' | 'clock-ahead' | 'too-old' | 'smtp-user-unknown';

/** At most the length of a host name (RFC 1035). */
const RELAY_NAME = /^\P{C}{1,253}$/u;

/** A valid record. The tenant of its SMTP user is not looked up yet. */
export type ReadLogin = Omit<LoginRecord, 'tenantId'> & { readonly tenantId?: TenantId };

/** Checks an item of a batch. Returns it with a canonical address and its time cut to the hour, or why it is rejected. `keptFrom` null: nothing is too old. */
export function readLogin(item: unknown, now: Date, keptFrom: Date | null): ReadLogin | Rejection {
  if (typeof item !== 'object' || item === null) return 'malformed';
  const { smtpUserId, ip, hour, count, entryId, relay, ...more } = item as Partial<Record<keyof LoginReport, unknown>>;
  if (
    typeof smtpUserId !== 'string' ||
    !isUuid(smtpUserId) ||
    typeof ip !== 'string' ||
    typeof hour !== 'string' ||
    !(Number.isInteger(count) && Number(count) >= 1 && Number(count) <= LOGIN_LIMITS.count) ||
    !(entryId === null || (typeof entryId === 'string' && isUuid(entryId))) ||
    typeof relay !== 'string' ||
    !RELAY_NAME.test(relay) ||
    Object.keys(more).length > 0
  )
    return 'malformed';
  const time = timeOf(hour);
  if (time === null) return 'malformed';
  const address = parseAddress(ip);
  if (!address.ok) return 'address-unreadable';
  if (time.beganMs > now.getTime() + LOGIN_LIMITS.aheadMs) return 'clock-ahead';
  if (keptFrom !== null && time.ms < keptFrom.getTime()) return 'too-old';
  return {
    smtpUserId: smtpUserId as SmtpUserId,
    ip: address.value.text,
    hour: time.began,
    count: Number(count),
    entryId: entryId as EntryId | null,
    relay,
  };
}

interface ReadTime {
  readonly ms: number;
  /** The beginning of its hour. */
  readonly began: string;
  readonly beganMs: number;
}

/** Most records of a batch are of the same hour, and to read it was half the work of reading a record. */
let latest: { readonly text: string; readonly time: ReadTime | null } = { text: '', time: null };

function timeOf(text: string): ReadTime | null {
  if (text !== latest.text) latest = { text, time: readTime(text) };
  return latest.time;
}

function readTime(text: string): ReadTime | null {
  const time = utcTime(text);
  if (time === null) return null;
  const began = `${time.slice(0, 13)}:00:00.000Z`;
  return { ms: Date.parse(time), began, beganMs: Date.parse(began) };
}
