import { Fnv1a64 } from '@postern/contracts';
import { HEX_DIGITS, PackedAddress } from './packed-address.js';
import { LOWER_CASE, MAX_USERNAME } from './packed-username.js';
import type { PackedUsername } from './packed-username.js';
import type { TenantNumbers } from './tenant-numbers.js';
import {
  ID_WORDS,
  IPV4,
  MAX_ENTRIES,
  MAX_RECORD_WORDS,
  NEVER,
  REPORT_ONLY,
  RESTRICTED,
  TIMED,
  headerOf,
  networkLength,
} from './record.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const DASH = 0x2d;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const BRACKET = 0x5d;
const BRACE = 0x7d;
const MAX_DIGITS = 16;
const ID_BYTES = 36;
const TIME_BYTES = 24;
const MAX_TENANT_ID = 63;
/** Where the hex digits of a UUID are. */
const ID_DIGITS = Uint8Array.from(
  { length: 32 },
  (_, i) => i + (i >= 8 ? 1 : 0) + (i >= 12 ? 1 : 0) + (i >= 16 ? 1 : 0) + (i >= 20 ? 1 : 0),
);
/** Compared four bytes at a time. The last four may overlap the ones before. */
interface Literal {
  readonly length: number;
  readonly words: Int32Array;
}

function literal(text: string): Literal {
  const bytes = Buffer.from(text);
  const words = Int32Array.from({ length: Math.ceil(bytes.length / 4) }, (_, i) =>
    bytes.readInt32LE(Math.min(4 * i, bytes.length - 4)),
  );
  return { length: bytes.length, words };
}

const USERNAME = literal('{"username":"');
const TENANT_ID = literal('","tenantId":"');
const SMTP_USER_ID = literal('","smtpUserId":"');
const VERSION = literal('","version":');
const RESTRICTED_TRUE = literal(',"restricted":true,');
const RESTRICTED_FALSE = literal(',"restricted":false,');
const ENFORCE = literal('"mode":"enforce",');
const REPORTS_ONLY = literal('"mode":"report-only",');
const ENFORCE_NEVER = literal('"enforceAt":null,');
const ENFORCE_AT = literal('"enforceAt":"');
const ENTRIES = literal('"entries":[');
const RANGE = literal('{"range":"');
const EXPIRES_NEVER = literal('","expiresAt":null}');
const EXPIRES_AT = literal('","expiresAt":"');
const REVISION = literal('],"revision":');
const REMOVED = literal(',"removed":true}\n');
const NOT_REMOVED = literal(',"removed":false}\n');

/** What is between the texts of a line that are digested (`policyDigest`). */
const TAB = Buffer.from('\t');
const LINE_FEED = Buffer.from('\n');
const RULES = ['\t0\tenforce\t', '\t0\treport-only\t', '\t1\tenforce\t', '\t1\treport-only\t'].map((text) =>
  Buffer.from(text),
);

/**
 * Reads only the exact form of our control plane, into a record, without strings or objects: a relay may read millions of lines before it can
 * decide. The members that are digested come in the order of `policyDigest`.
 */
export class PolicyReader {
  readonly words = new Uint32Array(MAX_RECORD_WORDS);
  length = 0;
  revision = 0;
  removed = false;
  field = '';
  fieldAt = 0;

  private bytes: Buffer = Buffer.alloc(1);
  private view = new DataView(this.bytes.buffer, this.bytes.byteOffset, 1);
  private at = 0;
  private number = 0;
  private readonly range = new PackedAddress();
  private readonly idWords = new Uint32Array(ID_WORDS);
  private tenant = 0;
  private entries = 0;
  /** Parts of the record, which has them after the networks. */
  private readonly prefixes = new Uint32Array(MAX_ENTRIES / 4);
  private readonly times = new Uint32Array(2 * (1 + MAX_ENTRIES));
  private timed = false;
  private readonly digest = new Fnv1a64();

  constructor(
    private readonly key: PackedUsername,
    private readonly tenants: TenantNumbers,
  ) {}

  /** Reads the line that begins at `from`. Returns where the next line begins, or -1 if it is refused. */
  read(bytes: Buffer, from: number): number {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.at = from;
    this.timed = false;
    this.digest.reset();
    this.expect('username');
    if (!this.skip(USERNAME) || !this.readUsername()) return -1;
    this.expect('tenantId');
    if (!this.skip(TENANT_ID) || !this.readTenant()) return -1;
    this.expect('smtpUserId');
    if (!this.skip(SMTP_USER_ID) || !this.readId()) return -1;
    this.expect('version');
    const versionAt = this.at + VERSION.length;
    if (!this.skip(VERSION) || !this.readNumber()) return -1;
    this.digest.update(bytes, versionAt, this.at);
    this.expect('restricted');
    const restricted = this.skip(RESTRICTED_TRUE);
    if (!restricted && !this.skip(RESTRICTED_FALSE)) return -1;
    this.expect('mode');
    const reportOnly = this.skip(REPORTS_ONLY);
    if (!reportOnly && !this.skip(ENFORCE)) return -1;
    const rules = RULES[(restricted ? 2 : 0) + (reportOnly ? 1 : 0)] as Buffer;
    this.digest.update(rules, 0, rules.length);
    this.expect('enforceAt');
    if (!this.readTime(0, ENFORCE_NEVER, ENFORCE_AT, COMMA)) return -1;
    this.expect('entries');
    const networksAt = 1 + this.key.wordCount;
    const end = this.skip(ENTRIES) ? this.readEntries(networksAt) : -1;
    if (end < 0) return -1;
    this.expect('revision');
    if (!this.skip(REVISION) || !this.readNumber()) return -1;
    this.revision = this.number;
    this.expect('removed');
    this.removed = this.skip(REMOVED);
    if (!this.removed && !this.skip(NOT_REMOVED)) return -1;
    const flags = (restricted ? RESTRICTED : 0) | (reportOnly ? REPORT_ONLY : 0) | (this.timed ? TIMED : 0);
    this.words[0] = headerOf(this.key.wordCount, this.entries, end - networksAt, flags);
    this.complete(end);
    return this.at;
  }

  private expect(field: string): void {
    this.field = field;
    this.fieldAt = this.at;
  }

  private skip({ length, words }: Literal): boolean {
    const { view, at } = this;
    if (at + length > view.byteLength) return false;
    const last = words.length - 1;
    for (let i = 0; i < last; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
    if (view.getInt32(at + length - 4, true) !== words[last]) return false;
    this.at = at + length;
    return true;
  }

  private readNumber(): boolean {
    const { bytes } = this;
    const first = this.at;
    let value = 0;
    for (; this.at < first + MAX_DIGITS; this.at++) {
      const digit = (bytes[this.at] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    this.number = value;
    return this.at > first && (bytes[first] !== ZERO || this.at === first + 1) && Number.isSafeInteger(value);
  }

  /** Quote and backslash are the only characters of a username that JSON escapes. */
  private readUsername(): boolean {
    const { bytes, key, words, digest } = this;
    let { at } = this;
    let length = 0;
    for (; bytes[at] !== QUOTE && length <= MAX_USERNAME; length++, at++) {
      if (bytes[at] === BACKSLASH && bytes[++at] !== QUOTE && bytes[at] !== BACKSLASH) return false;
      const lower = LOWER_CASE[bytes[at] as number] ?? 0;
      if (lower === 0) return false;
      key.bytes[length] = lower;
    }
    if (length === 0 || length > MAX_USERNAME) return false;
    this.at = at;
    key.close(length);
    for (let i = 0; i < key.wordCount; i++) words[1 + i] = key.words[i] as number;
    digest.update(key.bytes, 0, length);
    return true;
  }

  /** A tenant's id needs no escapes. */
  private readTenant(): boolean {
    const { bytes, at } = this;
    let end = at;
    for (; bytes[end] !== QUOTE; end++) {
      const code = bytes[end] as number;
      if (end === at + MAX_TENANT_ID || code === BACKSLASH || !(code > 0x20 && code < 0x7f)) return false;
    }
    this.tenant = this.tenants.numberOf(bytes.toString('latin1', at, end));
    this.at = end;
    return true;
  }

  private readId(): boolean {
    const { bytes, at, idWords, digest } = this;
    let word = 0;
    let seen = 0;
    for (let i = 0; i < ID_DIGITS.length; i++) {
      const digit = HEX_DIGITS[bytes[at + (ID_DIGITS[i] as number)] as number] as number;
      seen |= digit;
      word = (word << 4) | digit;
      if ((i & 7) === 7) idWords[i >>> 3] = word;
    }
    const version = ((idWords[1] as number) >>> 12) & 0xf;
    const hasDashes =
      bytes[at + 8] === DASH && bytes[at + 13] === DASH && bytes[at + 18] === DASH && bytes[at + 23] === DASH;
    // Anything but 0 to 15 is no digit in lower case.
    if (seen >>> 4 !== 0 || !hasDashes || version < 1 || version > 8 || (idWords[2] as number) >>> 30 !== 2)
      return false;
    this.at = at + ID_BYTES;
    digest.update(TAB, 0, 1).update(bytes, at, this.at).update(TAB, 0, 1);
    return true;
  }

  /** Writes the networks from `end` on, and returns their end; -1 if an entry is refused. */
  private readEntries(end: number): number {
    const { bytes, range, prefixes, digest, words } = this;
    this.entries = 0;
    if (bytes[this.at] === BRACKET) return end;
    do {
      if (this.entries === MAX_ENTRIES) return -1;
      this.expect('range');
      if (!this.skip(RANGE)) return -1;
      const rangeEnd = range.readRange(bytes, this.at);
      if (rangeEnd < 0) return -1;
      digest.update(LINE_FEED, 0, 1).update(bytes, this.at, rangeEnd).update(TAB, 0, 1);
      this.at = rangeEnd;
      const prefix = range.family === 4 ? IPV4 + range.prefix : range.prefix;
      const shift = (this.entries & 3) << 3;
      const before = shift === 0 ? 0 : (prefixes[this.entries >>> 2] as number);
      prefixes[this.entries >>> 2] = before | (prefix << shift);
      for (let i = 0; i < networkLength(prefix); i++) words[end++] = range.words[i] as number;
      this.entries++;
      this.expect('expiresAt');
      if (!this.readTime(this.entries, EXPIRES_NEVER, EXPIRES_AT, BRACE)) return -1;
    } while (bytes[this.at] === COMMA && ++this.at);
    this.expect('entries');
    return bytes[this.at] === BRACKET ? end : -1;
  }

  /** Reads `never`, or `begin`, a time, its quote and the byte that must follow. */
  private readTime(index: number, never: Literal, begin: Literal, after: number): boolean {
    const { bytes, times } = this;
    if (this.skip(never)) {
      times[2 * index] = times[2 * index + 1] = NEVER;
      return true;
    }
    if (!this.skip(begin)) return false;
    const end = this.at + TIME_BYTES;
    const text = bytes.toString('latin1', this.at, end);
    const time = Date.parse(text);
    // One form only. `Date` reads more, but the digest and other relays would read those differently.
    if (!(time >= 0 && new Date(time).toISOString() === text)) return false;
    times[2 * index] = time % 0x1_0000_0000;
    times[2 * index + 1] = Math.floor(time / 0x1_0000_0000);
    this.timed = true;
    this.digest.update(bytes, this.at, end);
    this.at = end + 2;
    return bytes[end] === QUOTE && bytes[end + 1] === after;
  }

  /** Writes what follows the networks, from `at` on. */
  private complete(at: number): void {
    const { words, prefixes, times, idWords, digest, entries, removed } = this;
    for (let i = 0; i < (entries + 3) >>> 2; i++) words[at++] = prefixes[i] as number;
    if (this.timed) for (let i = 0; i < 2 * (1 + entries); i++) words[at++] = times[i] as number;
    for (let i = 0; i < ID_WORDS; i++) words[at++] = idWords[i] as number;
    words[at++] = this.tenant;
    words[at++] = removed ? 0 : digest.high;
    words[at++] = removed ? 0 : digest.low;
    this.length = at;
  }
}
