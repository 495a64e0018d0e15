/**
 * One user's record in 32-bit words, so that a decision reads one piece of memory and follows no pointer:
 *   header | key, then one prefix byte per entry | IPv4 networks | IPv6 networks | times | id | tenant | digest
 * - header: key's bytes (8 bits), IPv4 entries (10), IPv6 entries (10), then a bit each: restricted, report-only, timed, outsized;
 * - IPv4 network: one word; IPv6 network: only the words that its prefix reaches, two for a /64;
 * - times, only if timed: when each entry expires, then, in report-only, when that ends; milliseconds since 1970, low and high word (all ones: never);
 * - id: the SMTP user's UUID, four words; tenant: its number (`TenantNumbers`), one word;
 * - digest: `policyDigest` of the policy, high and low word, to remove it from the sum when the policy is replaced.
 * IPv4 entries come first; entries keep their order within a family.
 */
export const RESTRICTED = 1 << 28;
export const REPORT_ONLY = 1 << 29;
/** An entry expires, or report-only ends. */
export const TIMED = 1 << 30;
/** Only in a block: after the key comes the reference of a record that is too large for a block. */
export const OUTSIZED = 1 << 31;

export const ID_WORDS = 4;
const TENANT_WORDS = 1;
const DIGEST_WORDS = 2;
const END_WORDS = ID_WORDS + TENANT_WORDS + DIGEST_WORDS;
export const NEVER = 0xffffffff;
/** The limit of the API. */
export const MAX_ENTRIES = 1_000;
/** A key has up to 254 bytes. An entry has up to six words: four of network, two of expiry. Two words end report-only. */
export const MAX_RECORD_WORDS = 1 + wordsOf(254 + MAX_ENTRIES) + 6 * MAX_ENTRIES + 2 + END_WORDS;

export const headerOf = (keyLength: number, v4Count: number, v6Count: number, flags: number): number =>
  (keyLength | (v4Count << 8) | (v6Count << 18) | flags) >>> 0;

export const keyLengthOf = (header: number): number => header & 0xff;
const v4CountOf = (header: number): number => (header >>> 8) & 0x3ff;
const entriesOf = (header: number): number => v4CountOf(header) + ((header >>> 18) & 0x3ff);

export function wordsOf(bytes: number): number {
  return (bytes + 3) >>> 2;
}

export const v6Words = (prefix: number): number => (prefix + 31) >>> 5;

function byteAt(words: Uint32Array, at: number, index: number): number {
  return ((words[at + 1 + (index >>> 2)] as number) >>> ((index & 3) << 3)) & 0xff;
}

const networksAt = (at: number, header: number): number => at + 1 + wordsOf(keyLengthOf(header) + entriesOf(header));

/** Walks, because IPv6 networks differ in length. The number of entries gives the end. */
function networkAt(words: Uint32Array, at: number, index: number): number {
  const header = words[at] as number;
  const v4 = v4CountOf(header);
  let network = networksAt(at, header) + Math.min(index, v4);
  for (let i = v4; i < index; i++) network += v6Words(byteAt(words, at, keyLengthOf(header) + i));
  return network;
}

export function recordWords(words: Uint32Array, at: number): number {
  const header = words[at] as number;
  const entries = entriesOf(header);
  const times = (header & TIMED) === 0 ? 0 : entries + ((header & REPORT_ONLY) === 0 ? 0 : 1);
  return networkAt(words, at, entries) - at + 2 * times + END_WORDS;
}

/** Words of a record in a block. An outsized one has only a stub there. */
export function inlineWords(words: Uint32Array, at: number): number {
  const header = words[at] as number;
  return (header & OUTSIZED) === 0 ? recordWords(words, at) : 2 + wordsOf(keyLengthOf(header));
}

/** Milliseconds since 1970; Infinity for never. */
export function expiryOf(words: Uint32Array, at: number, index: number): number {
  const header = words[at] as number;
  return (header & TIMED) === 0 ? Number.POSITIVE_INFINITY : timeAt(words, at, index);
}

/** Whether the list is not enforced at `now` (milliseconds since 1970), which matters only in a timed record. */
export function reportsOnly(words: Uint32Array, at: number, now: number): boolean {
  const header = words[at] as number;
  return (header & REPORT_ONLY) !== 0 && ((header & TIMED) === 0 || timeAt(words, at, entriesOf(header)) > now);
}

/** Milliseconds since 1970; Infinity for never. */
function timeAt(words: Uint32Array, at: number, index: number): number {
  const time = networkAt(words, at, entriesOf(words[at] as number)) + 2 * index;
  const high = words[time + 1] as number;
  return high === NEVER ? Number.POSITIVE_INFINITY : high * 0x1_0000_0000 + (words[time] as number);
}

export function networkOf(words: Uint32Array, at: number, index: number): [4 | 6, Uint32Array, number] {
  const header = words[at] as number;
  const prefix = byteAt(words, at, keyLengthOf(header) + index);
  const network = networkAt(words, at, index);
  const isV4 = index < v4CountOf(header);
  return [isV4 ? 4 : 6, words.subarray(network, network + (isV4 ? 1 : v6Words(prefix))), prefix];
}

export function smtpUserIdOf(words: Uint32Array, at: number): string {
  return uuidText(words, smtpUserIdAt(words, at));
}

export const smtpUserIdAt = (words: Uint32Array, at: number): number => at + recordWords(words, at) - END_WORDS;

export function uuidText(words: Uint32Array, id: number): string {
  let hex = '';
  for (let i = 0; i < ID_WORDS; i++) hex += (words[id + i] as number).toString(16).padStart(8, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export function tenantOf(words: Uint32Array, at: number): number {
  return words[at + recordWords(words, at) - DIGEST_WORDS - TENANT_WORDS] as number;
}

const NO_MATCH = -1;
export const NONE_LIVE = -2;

/** Or NO_MATCH or NONE_LIVE. An entry is live before the instant at which it expires. `now`: ms since 1970. */
export function matchRecord(words: Uint32Array, at: number, family: number, ip: Uint32Array, now: number): number {
  const header = words[at] as number;
  const v4Count = v4CountOf(header);
  const entries = entriesOf(header);
  const timed = (header & TIMED) !== 0;
  const firstPrefix = keyLengthOf(header);
  let network = networksAt(at, header);
  if (family === 4) {
    const address = ip[0] as number;
    for (let i = 0; i < v4Count; i++, network++) {
      const hostBits = 32 - byteAt(words, at, firstPrefix + i);
      if (((words[network] as number) ^ address) >>> hostBits === 0 && (!timed || expiryOf(words, at, i) > now))
        return i;
    }
  } else if (family === 6) {
    network += v4Count;
    for (let i = v4Count; i < entries; i++) {
      const prefix = byteAt(words, at, firstPrefix + i);
      if (holdsV6(words, network, prefix, ip) && (!timed || expiryOf(words, at, i) > now)) return i;
      network += v6Words(prefix);
    }
  }
  return entries === 0 || (timed && !anyLive(words, at, entries, now)) ? NONE_LIVE : NO_MATCH;
}

/** Word by word, and only the bits of the prefix. Most networks differ in the first two words. */
function holdsV6(words: Uint32Array, network: number, prefix: number, ip: Uint32Array): boolean {
  const whole = prefix >>> 5;
  for (let i = 0; i < whole; i++) if (words[network + i] !== ip[i]) return false;
  const rest = prefix & 31;
  return rest === 0 || ((words[network + whole] as number) ^ (ip[whole] as number)) >>> (32 - rest) === 0;
}

function anyLive(words: Uint32Array, at: number, entries: number, now: number): boolean {
  for (let i = 0; i < entries; i++) if (expiryOf(words, at, i) > now) return true;
  return false;
}
