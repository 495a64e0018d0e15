/**
 * One user's record in 32-bit words, so that a decision follows no pointer:
 *   header | key | networks | prefixes | times | id | tenant | digest
 * - header: words of the key (7 bits), entries (10), words of the networks (12), then a bit each: restricted, report-only, timed;
 * - key: the username in lower case, padded with zero bytes;
 * - networks, of the entries in their order: IPv4 has one word, IPv6 only the words that its prefix reaches, two for a /64;
 * - prefixes: one byte per entry, plus 128 for IPv4;
 * - times, only if timed: when report-only ends, then when each entry expires; milliseconds since 1970, low and high word (all ones: never);
 * - id: the SMTP user's UUID, four words; tenant: its number (`TenantNumbers`), one word;
 * - digest: `policyDigest` of the policy, high and low word, to remove it from the sum when the policy is replaced.
 */
export const RESTRICTED = 1 << 29;
export const REPORT_ONLY = 1 << 30;
/** An entry expires, or report-only ends. */
export const TIMED = 1 << 31;

export const ID_WORDS = 4;
const TENANT_WORDS = 1;
const DIGEST_WORDS = 2;
const END_WORDS = ID_WORDS + TENANT_WORDS + DIGEST_WORDS;
export const NEVER = 0xffffffff;
export const IPV4 = 128;
/** The limit of the API. */
export const MAX_ENTRIES = 1_000;
/** An entry has up to four words of network and two of expiry. */
export const MAX_RECORD_WORDS = 1 + 64 + 4 * MAX_ENTRIES + MAX_ENTRIES / 4 + 2 * (1 + MAX_ENTRIES) + END_WORDS;

export const headerOf = (keyWords: number, entries: number, networkWords: number, flags: number): number =>
  (keyWords | (entries << 7) | (networkWords << 17) | flags) >>> 0;

export const keyWordsOf = (header: number): number => header & 0x7f;
const entriesOf = (header: number): number => (header >>> 7) & 0x3ff;
const networkWordsOf = (header: number): number => (header >>> 17) & 0xfff;

/** Words of a network, by its prefix byte. */
export const networkLength = (prefix: number): number => (prefix > IPV4 ? 1 : (prefix + 31) >>> 5);

const prefixesAt = (header: number): number => 1 + keyWordsOf(header) + networkWordsOf(header);
const timesAt = (header: number): number => prefixesAt(header) + ((entriesOf(header) + 3) >>> 2);

/** The header of a place without a record. No key is empty. */
export const freePlace = (words: number): number => words << 7;
export const isFree = (header: number): boolean => keyWordsOf(header) === 0;

/** Words of a record or of a free place. */
export function recordWords(header: number): number {
  if (isFree(header)) return header >>> 7;
  return timesAt(header) + ((header & TIMED) === 0 ? 0 : 2 * (1 + entriesOf(header))) + END_WORDS;
}

function prefixOf(words: Uint32Array, prefixes: number, index: number): number {
  return ((words[prefixes + (index >>> 2)] as number) >>> ((index & 3) << 3)) & 0xff;
}

/** Milliseconds since 1970; Infinity for never. */
export function expiryOf(words: Uint32Array, at: number, entry: number): number {
  return timeOf(words, at, 1 + entry);
}

function timeOf(words: Uint32Array, at: number, index: number): number {
  const header = words[at] as number;
  if ((header & TIMED) === 0) return Number.POSITIVE_INFINITY;
  const time = at + timesAt(header) + 2 * index;
  const high = words[time + 1] as number;
  return high === NEVER ? Number.POSITIVE_INFINITY : high * 0x1_0000_0000 + (words[time] as number);
}

/** Whether the list is not enforced at `now` (milliseconds since 1970), which matters only in a timed record. */
export function reportsOnly(words: Uint32Array, at: number, now: number): boolean {
  const header = words[at] as number;
  return (header & REPORT_ONLY) !== 0 && timeOf(words, at, 0) > now;
}

/** Family, words and prefix of an entry's network. */
export function networkOf(words: Uint32Array, at: number, index: number): [4 | 6, Uint32Array, number] {
  const header = words[at] as number;
  const prefixes = at + prefixesAt(header);
  let network = at + 1 + keyWordsOf(header);
  for (let i = 0; i < index; i++) network += networkLength(prefixOf(words, prefixes, i));
  const prefix = prefixOf(words, prefixes, index);
  const isV4 = prefix > IPV4;
  return [isV4 ? 4 : 6, words.subarray(network, network + networkLength(prefix)), isV4 ? prefix - IPV4 : prefix];
}

export const smtpUserIdAt = (words: Uint32Array, at: number): number =>
  at + recordWords(words[at] as number) - END_WORDS;

export function uuidText(words: Uint32Array, id: number): string {
  let hex = '';
  for (let i = 0; i < ID_WORDS; i++) hex += (words[id + i] as number).toString(16).padStart(8, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export function tenantOf(words: Uint32Array, at: number): number {
  return words[smtpUserIdAt(words, at) + ID_WORDS] as number;
}

const NO_MATCH = -1;
export const NONE_LIVE = -2;

/** Or NO_MATCH or NONE_LIVE. An entry is live before the instant at which it expires. `now`: ms since 1970. */
export function matchRecord(words: Uint32Array, at: number, family: number, ip: Uint32Array, now: number): number {
  const header = words[at] as number;
  const entries = entriesOf(header);
  const timed = (header & TIMED) !== 0;
  const prefixes = at + prefixesAt(header);
  let network = at + 1 + keyWordsOf(header);
  let live = !timed && entries > 0;
  for (let i = 0; i < entries; i++) {
    const prefix = prefixOf(words, prefixes, i);
    if (!timed || expiryOf(words, at, i) > now) {
      live = true;
      const matches =
        prefix > IPV4
          ? family === 4 && ((words[network] as number) ^ (ip[0] as number)) >>> (IPV4 + 32 - prefix) === 0
          : family === 6 && holdsV6(words, network, prefix, ip);
      if (matches) return i;
    }
    network += networkLength(prefix);
  }
  return live ? NO_MATCH : NONE_LIVE;
}

/** Word by word, and only the bits of the prefix. Most networks differ in the first two words. */
function holdsV6(words: Uint32Array, network: number, prefix: number, ip: Uint32Array): boolean {
  const whole = prefix >>> 5;
  for (let i = 0; i < whole; i++) if (words[network + i] !== ip[i]) return false;
  const rest = prefix & 31;
  return rest === 0 || ((words[network + whole] as number) ^ (ip[whole] as number)) >>> (32 - rest) === 0;
}
