import { Fnv1a64 } from '@postern/contracts';
import { PackedAddress } from './packed-address.js';
import { MAX_USERNAME } from './packed-username.js';
import type { PackedUsername } from './packed-username.js';
import {
  EXPIRING,
  ID_WORDS,
  MAX_ENTRIES,
  MAX_RECORD_WORDS,
  NEVER,
  REPORT_ONLY,
  RESTRICTED,
  headerOf,
  v6Words,
  wordsOf,
} from './record.js';

const LINE_FEED = 0x0a;
const TAB = 0x09;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const MAX_DIGITS = 16;
const ID_BYTES = 36;
const TIME_BYTES = 24;
/** By byte: the hex digit's value; -1 for all else. UUIDs come in lower case. */
const HEX_DIGITS = Int8Array.from({ length: 0x100 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const USERNAME = ascii('{"username":"');
const TENANT_ID = ascii('","tenantId":"');
const SMTP_USER_ID = ascii('","smtpUserId":"');
const RESTRICTED_IS = ascii('","restricted":');
const MODE = ascii(',"mode":');
const ENFORCE = ascii('"enforce"');
const REPORTS_ONLY = ascii('"report-only"');
const ENTRIES = ascii(',"entries":[');
const RANGE = ascii('{"range":"');
const EXPIRES_NEVER = ascii('","expiresAt":null}');
const EXPIRES_AT = ascii('","expiresAt":"');
const END_OF_ENTRY = ascii('"}');
const END_OF_ENTRIES = ascii(']');
const VERSION = ascii(',"version":');
const REVISION = ascii(',"revision":');
const REMOVED = ascii(',"removed":');
const END = ascii('}\n');
const TRUE = ascii('true');
const FALSE = ascii('false');

/**
 * Reads a policy in the very form in which our control plane writes it, `{"username":"…","tenantId":"…",…}` and a line feed, from
 * bytes to the words of a record. No string and no object is made on the way, because a relay may have millions of lines to read
 * before it can decide. Whatever has another form, legal or not, is refused.
 */
export class PolicyReader {
  /** The record of the last policy. */
  readonly words = new Uint32Array(MAX_RECORD_WORDS);
  length = 0;
  revision = 0;
  removed = false;
  /** What was being read when a policy was refused, and from where on. */
  field = '';
  fieldAt = 0;

  private bytes: Uint8Array = new Uint8Array(1);
  private at = 0;
  private number = 0;
  private readonly range = new PackedAddress();
  /** Entries as they were read: the record has them in another order. */
  private readonly families = new Uint8Array(MAX_ENTRIES);
  private readonly prefixes = new Uint8Array(MAX_ENTRIES);
  private readonly networks = new Uint32Array(4 * MAX_ENTRIES);
  private readonly expiries = new Uint32Array(2 * MAX_ENTRIES);
  private readonly idWords = new Uint32Array(4);
  /** The text that is digested (contracts: `policyDigest`), in two parts: a line has the entries before the version. */
  private readonly head = new Uint8Array(512);
  private readonly tail = new Uint8Array(128 * MAX_ENTRIES);
  private headLength = 0;
  private tailLength = 0;
  private readonly digest = new Fnv1a64();

  /** `key` takes the username. */
  constructor(private readonly key: PackedUsername) {}

  /** Reads the line that begins at `from`, and returns where the next one begins; -1 if it is refused. */
  read(bytes: Uint8Array, from: number): number {
    this.bytes = bytes;
    this.at = from;
    this.headLength = 0;
    this.tailLength = 0;
    this.expect('username');
    if (!this.skip(USERNAME) || !this.readUsername()) return -1;
    this.expect('tenantId');
    if (!this.skip(TENANT_ID) || !this.passText()) return -1;
    this.expect('smtpUserId');
    if (!this.skip(SMTP_USER_ID) || !this.readId()) return -1;
    this.expect('restricted');
    const restricted = this.skip(RESTRICTED_IS) ? this.flag() : -1;
    if (restricted < 0) return -1;
    this.expect('mode');
    if (!this.skip(MODE)) return -1;
    const modeAt = this.at + 1;
    const reportOnly = this.skip(REPORTS_ONLY);
    if (!reportOnly && !this.skip(ENFORCE)) return -1;
    const modeEnd = this.at - 1;
    this.expect('entries');
    const entries = this.skip(ENTRIES) ? this.readEntries() : -1;
    if (entries < 0) return -1;
    this.expect('version');
    if (!this.skip(VERSION)) return -1;
    const versionAt = this.at;
    if (!this.readNumber()) return -1;
    this.note(TAB, versionAt, this.at);
    this.head[this.headLength++] = TAB;
    this.head[this.headLength++] = ZERO + restricted;
    this.note(TAB, modeAt, modeEnd);
    this.expect('revision');
    if (!this.skip(REVISION) || !this.readNumber()) return -1;
    this.revision = this.number;
    this.expect('removed');
    const removed = this.skip(REMOVED) ? this.flag() : -1;
    if (removed < 0 || !this.skip(END)) return -1;
    this.removed = removed === 1;
    this.write(entries, (restricted === 1 ? RESTRICTED : 0) | (reportOnly ? REPORT_ONLY : 0));
    return this.at;
  }

  private expect(field: string): void {
    this.field = field;
    this.fieldAt = this.at;
  }

  /** Whether the bytes come next; goes behind them then. */
  private skip(expected: Uint8Array): boolean {
    const { bytes, at } = this;
    for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
    this.at = at + expected.length;
    return true;
  }

  /** 1 for true, 0 for false, -1 for all else. */
  private flag(): number {
    return this.skip(TRUE) ? 1 : this.skip(FALSE) ? 0 : -1;
  }

  /** A whole number from 0, in plain digits. */
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

  /** Notes it in lower case. Of what JSON must or may escape, only the quote and the backslash are in usernames. */
  private readUsername(): boolean {
    const { bytes, head } = this;
    let at = this.at;
    let length = 0;
    for (; length <= MAX_USERNAME; length++) {
      let code = bytes[at++] as number;
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        code = bytes[at++] as number;
        if (code !== QUOTE && code !== BACKSLASH) return false;
      }
      if (!(code >= 0x21 && code <= 0x7e)) return false;
      head[length] = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    }
    if (length === 0 || length > MAX_USERNAME) return false;
    this.at = at - 1;
    this.headLength = length;
    this.key.packBytes(head, length);
    return true;
  }

  /** Goes to the quote that ends a text without escapes. */
  private passText(): boolean {
    const { bytes } = this;
    let at = this.at;
    while (bytes[at] !== QUOTE) if (bytes[at] === BACKSLASH || !((bytes[at++] as number) >= 0x20)) return false;
    this.at = at;
    return true;
  }

  /** A UUID in lower case. Which version and variant there may be is for `isUuid` to say. */
  private readId(): boolean {
    const { bytes, at, idWords } = this;
    let word = 0;
    let digits = 0;
    for (let i = 0; i < ID_BYTES; i++) {
      const code = bytes[at + i] as number;
      if (i === 8 || i === 13 || i === 18 || i === 23) {
        if (code !== 0x2d) return false;
        continue;
      }
      const digit = HEX_DIGITS[code] as number;
      if (!(digit >= 0)) return false;
      word = (word << 4) | digit;
      if ((++digits & 7) === 0) idWords[(digits >>> 3) - 1] = word;
    }
    const version = bytes[at + 14] as number;
    const variant = HEX_DIGITS[bytes[at + 19] as number] as number;
    if (version < 0x31 || version > 0x38 || variant < 8 || variant > 11) return false;
    this.note(TAB, at, at + ID_BYTES);
    this.at = at + ID_BYTES;
    return true;
  }

  /** How many; -1 if one is refused. */
  private readEntries(): number {
    let entries = 0;
    if (this.skip(END_OF_ENTRIES)) return 0;
    do {
      if (entries === MAX_ENTRIES) return -1;
      this.expect('range');
      if (!this.skip(RANGE)) return -1;
      const end = this.range.readRange(this.bytes, this.at);
      if (end < 0 || this.bytes[end] !== QUOTE) return -1;
      this.noteEntry(LINE_FEED, this.at, end);
      this.at = end;
      this.families[entries] = this.range.family;
      this.prefixes[entries] = this.range.prefix;
      for (let i = 0; i < 4; i++) this.networks[4 * entries + i] = this.range.words[i] as number;
      this.expect('expiresAt');
      if (!this.readExpiry(entries++)) return -1;
    } while (this.bytes[this.at] === COMMA && ++this.at);
    this.expect('entries');
    return this.skip(END_OF_ENTRIES) ? entries : -1;
  }

  private readExpiry(entry: number): boolean {
    if (this.skip(EXPIRES_NEVER)) {
      this.expiries[2 * entry] = this.expiries[2 * entry + 1] = NEVER;
      this.tail[this.tailLength++] = TAB;
      return true;
    }
    if (!this.skip(EXPIRES_AT)) return false;
    const { at } = this;
    this.at = at + TIME_BYTES;
    const text = String.fromCharCode(...this.bytes.subarray(at, this.at));
    const time = Date.parse(text);
    // One form only: what else `Date` reads, the digest and other relays would read otherwise.
    if (!(time >= 0 && new Date(time).toISOString() === text)) return false;
    this.expiries[2 * entry] = time % 0x1_0000_0000;
    this.expiries[2 * entry + 1] = Math.floor(time / 0x1_0000_0000);
    this.noteEntry(TAB, at, this.at);
    return this.skip(END_OF_ENTRY);
  }

  /** Appends a byte, and bytes of the line, to the first part of the digested text. */
  private note(before: number, from: number, to: number): void {
    this.head[this.headLength++] = before;
    for (let i = from; i < to; i++) this.head[this.headLength++] = this.bytes[i] as number;
  }

  /** The same, to its second part. */
  private noteEntry(before: number, from: number, to: number): void {
    this.tail[this.tailLength++] = before;
    for (let i = from; i < to; i++) this.tail[this.tailLength++] = this.bytes[i] as number;
  }

  private write(entries: number, flags: number): void {
    const { words, key, families, prefixes, networks, expiries, digest } = this;
    let at = 1 + wordsOf(key.length + entries);
    for (let i = 0; i < key.wordCount; i++) words[1 + i] = key.words[i] as number;
    words.fill(0, 1 + key.wordCount, at);
    let byte = key.length;
    let v4Count = 0;
    let expiring = false;
    for (let family = 4; family <= 6; family += 2) {
      for (let i = 0; i < entries; i++) {
        if (families[i] !== family) continue;
        const prefix = prefixes[i] as number;
        words[1 + (byte >>> 2)] = (words[1 + (byte >>> 2)] as number) | (prefix << ((byte & 3) << 3));
        byte++;
        if (family === 4) v4Count++;
        const length = family === 4 ? 1 : v6Words(prefix);
        for (let k = 0; k < length; k++) words[at++] = networks[4 * i + k] as number;
        expiring ||= expiries[2 * i + 1] !== NEVER;
      }
    }
    for (let family = expiring ? 4 : 8; family <= 6; family += 2) {
      for (let i = 0; i < entries; i++) {
        if (families[i] !== family) continue;
        words[at++] = expiries[2 * i] as number;
        words[at++] = expiries[2 * i + 1] as number;
      }
    }
    for (let i = 0; i < ID_WORDS; i++) words[at++] = this.idWords[i] as number;
    digest.reset().update(this.head, this.headLength).update(this.tail, this.tailLength);
    words[at++] = this.removed ? 0 : digest.high;
    words[at++] = this.removed ? 0 : digest.low;
    words[0] = headerOf(key.length, v4Count, entries - v4Count, flags | (expiring ? EXPIRING : 0));
    this.length = at;
  }
}
