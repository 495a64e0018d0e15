/**
 * One user's record, in 32-bit words, so that a decision reads one piece of memory and follows no pointer:
 *
 *   header | key, then a prefix an entry, bytes | IPv4 networks, a word each | IPv6 networks | expiries | id | digest
 *
 * - header: key's bytes (8 bits), IPv4 entries (10), IPv6 entries (10), restricted, report-only, expiring, dead or outsized (a bit each);
 * - an IPv6 network takes only the words that its prefix reaches into: two for a /64;
 * - expiries, two words an entry (milliseconds since 1970, low and high word; all ones: never), only if the header says so;
 * - id: the SMTP user's, a UUID, in four words: denials carry it;
 * - digest: `policyDigest` of the policy, high word and low word, to take it out of the sum when it is replaced.
 *
 * Entries keep their policy's order within a family; all IPv4 entries come first. A header is never 0: 0 is padding.
 */
export const RESTRICTED = 1 << 28;
export const REPORT_ONLY = 1 << 29;
export const EXPIRING = 1 << 30;
/** In the arena: nobody's any more. */
export const DEAD = 1 << 31;
/** In a block: what follows the key is the reference, in the arena, of a record that is too large for a block. */
export const OUTSIZED = 1 << 31;
/** The largest record that lies in a block itself: a quarter of it. */
export const MAX_INLINE_WORDS = 32;

/** Per family; the API allows 1,000 in all. */
export const MAX_ENTRIES = 1_000;

export const ID_WORDS = 4;
export const DIGEST_WORDS = 2;
export const NEVER = 0xffffffff;

export const headerOf = (keyLength: number, v4Count: number, v6Count: number, flags: number): number =>
  (keyLength | (v4Count << 8) | (v6Count << 18) | flags) >>> 0;

export const keyLengthOf = (header: number): number => header & 0xff;
export const v4CountOf = (header: number): number => (header >>> 8) & 0x3ff;
export const v6CountOf = (header: number): number => (header >>> 18) & 0x3ff;
/** Words of so many bytes. */
export const wordsOf = (bytes: number): number => (bytes + 3) >>> 2;
/** Words of an IPv6 network. */
export const v6Words = (prefix: number): number => (prefix + 31) >>> 5;

/** Byte `index` of those that follow the header of the record at `at`: the key's, then a prefix an entry. */
export function byteAt(words: Uint32Array, at: number, index: number): number {
  return ((words[at + 1 + (index >>> 2)] as number) >>> ((index & 3) << 3)) & 0xff;
}

/** The prefix of entry `index`. */
export function prefixOf(words: Uint32Array, at: number, index: number): number {
  return byteAt(words, at, keyLengthOf(words[at] as number) + index);
}

/** The largest record: header, key, prefixes, four words of network and two of expiry an entry, id, digest. */
export const MAX_RECORD_WORDS = 1 + wordsOf(254 + MAX_ENTRIES) + 6 * MAX_ENTRIES + ID_WORDS + DIGEST_WORDS;

/** Where the networks of a record with this header begin. */
export function networksAt(at: number, header: number): number {
  return at + 1 + wordsOf(keyLengthOf(header) + v4CountOf(header) + v6CountOf(header));
}

/** Where the entry's network begins, by walking: IPv6 networks differ in length. `index` = all entries gives the end. */
export function networkAt(words: Uint32Array, at: number, index: number): number {
  const header = words[at] as number;
  const v4 = v4CountOf(header);
  let network = networksAt(at, header) + Math.min(index, v4);
  for (let i = v4; i < index; i++) network += v6Words(prefixOf(words, at, i));
  return network;
}

/** Words of a whole record. */
export function recordWords(words: Uint32Array, at: number): number {
  const header = words[at] as number;
  const entries = v4CountOf(header) + v6CountOf(header);
  const expiries = (header & EXPIRING) !== 0 ? 2 * entries : 0;
  return networkAt(words, at, entries) - at + expiries + ID_WORDS + DIGEST_WORDS;
}

/** Words that a record takes in a block: all of them, or those of the stub of an outsized one. */
export function inlineWords(words: Uint32Array, at: number): number {
  const header = words[at] as number;
  return (header & OUTSIZED) === 0 ? recordWords(words, at) : 2 + wordsOf(keyLengthOf(header));
}

/** When an entry expires, in milliseconds since 1970; Infinity for never. */
export function expiryOf(words: Uint32Array, at: number, index: number): number {
  const header = words[at] as number;
  if ((header & EXPIRING) === 0) return Number.POSITIVE_INFINITY;
  const expiry = networkAt(words, at, v4CountOf(header) + v6CountOf(header)) + 2 * index;
  const high = words[expiry + 1] as number;
  return high === NEVER ? Number.POSITIVE_INFINITY : high * 0x1_0000_0000 + (words[expiry] as number);
}

/** The SMTP user's id, as a UUID in lower case. */
export function smtpUserIdOf(words: Uint32Array, at: number): string {
  const id = at + recordWords(words, at) - DIGEST_WORDS - ID_WORDS;
  let hex = '';
  for (let i = 0; i < ID_WORDS; i++) hex += (words[id + i] as number).toString(16).padStart(8, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
