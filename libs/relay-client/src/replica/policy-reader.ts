import { Fnv1a64 } from '@postern/contracts';
import { PackedAddress } from './packed-address.js';
import { MAX_USERNAME } from './packed-username.js';
import type { PackedUsername } from './packed-username.js';
import type { TenantNumbers } from './tenant-numbers.js';
import {
  ID_WORDS,
  MAX_ENTRIES,
  MAX_RECORD_WORDS,
  NEVER,
  REPORT_ONLY,
  RESTRICTED,
  TIMED,
  headerOf,
  v6Words,
  wordsOf,
} from './record.js';

const LINE_FEED = 0x0a;
const TAB = 0x09;
const QUOTE = 0x22;
const COMMA = 0x2c;
const DASH = 0x2d;
const ZERO = 0x30;
const ONE = 0x31;
const BACKSLASH = 0x5c;
const BRACKET = 0x5d;
const BRACE = 0x7d;
const MAX_DIGITS = 16;
const ID_BYTES = 36;
const TIME_BYTES = 24;
const MAX_TENANT_ID = 63;
const HEX_DIGITS = Int8Array.from({ length: 0x100 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);

const ID_DIGITS = Uint8Array.from(
  { length: 32 },
  (_, i) => i + (i >= 8 ? 1 : 0) + (i >= 12 ? 1 : 0) + (i >= 16 ? 1 : 0) + (i >= 20 ? 1 : 0),
);
/** A username's character in lower case, by byte. 0 for other bytes and for those that JSON escapes. */
const USERNAME_BYTES = Uint8Array.from({ length: 0x100 }, (_, code) => {
  if (code < 0x21 || code > 0x7e || code === QUOTE || code === BACKSLASH) return 0;
  return String.fromCharCode(code).toLowerCase().charCodeAt(0);
});

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
const RESTRICTED_TRUE = literal('","restricted":true,');
const RESTRICTED_FALSE = literal('","restricted":false,');
const ENFORCE = literal('"mode":"enforce",');
const REPORTS_ONLY = literal('"mode":"report-only",');
const ENFORCE_NEVER = literal('"enforceAt":null,');
const ENFORCE_AT = literal('"enforceAt":"');
const ENTRIES = literal('"entries":[');
const RANGE = literal('{"range":"');
const EXPIRES_NEVER = literal('","expiresAt":null}');
const EXPIRES_AT = literal('","expiresAt":"');
const VERSION = literal('],"version":');
const REVISION = literal(',"revision":');
const REMOVED = literal(',"removed":true}\n');
const NOT_REMOVED = literal(',"removed":false}\n');

const MODES = { enforce: Buffer.from('\tenforce'), reportOnly: Buffer.from('\treport-only') };

/** Reads only the exact form of our control plane, into a record, without strings or objects: a relay may read millions of lines before it can decide. */
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
  /** Entries as read. The record has them in another order. */
  private readonly families = new Uint8Array(MAX_ENTRIES);
  private readonly prefixes = new Uint8Array(MAX_ENTRIES);
  private readonly networks = new Uint32Array(4 * MAX_ENTRIES);
  private readonly expiries = new Uint32Array(2 * MAX_ENTRIES);
  private readonly enforceAt = new Uint32Array(2);
  private readonly idWords = new Uint32Array(4);
  private tenant = 0;
  /** The text to digest (`policyDigest`), in two parts, because a line has the entries before the version. */
  private readonly head = new Uint8Array(512);
  private readonly tail = new Uint8Array(128 * MAX_ENTRIES);
  private headLength = 0;
  private tailLength = 0;
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
    this.expect('username');
    if (!this.skip(USERNAME) || !this.readUsername()) return -1;
    this.expect('tenantId');
    if (!this.skip(TENANT_ID) || !this.readTenant()) return -1;
    this.expect('smtpUserId');
    if (!this.skip(SMTP_USER_ID) || !this.readId()) return -1;
    this.expect('restricted');
    const restricted = this.skip(RESTRICTED_TRUE);
    if (!restricted && !this.skip(RESTRICTED_FALSE)) return -1;
    this.expect('mode');
    const enforce = this.skip(ENFORCE);
    if (!enforce && !this.skip(REPORTS_ONLY)) return -1;
    this.expect('enforceAt');
    if (!this.readEnforceAt()) return -1;
    const enforceAtEnd = this.at;
    this.expect('entries');
    const entries = this.skip(ENTRIES) ? this.readEntries() : -1;
    if (entries < 0) return -1;
    this.expect('version');
    if (!this.skip(VERSION)) return -1;
    const versionAt = this.at;
    if (!this.readNumber()) return -1;
    this.note(this.bytes, versionAt, this.at);
    this.head[this.headLength++] = TAB;
    this.head[this.headLength++] = restricted ? ONE : ZERO;
    const mode = enforce ? MODES.enforce : MODES.reportOnly;
    this.note(mode, 0, mode.length);
    this.head[this.headLength++] = TAB;
    if (this.enforceAt[1] !== NEVER) this.note(this.bytes, enforceAtEnd - TIME_BYTES - 2, enforceAtEnd - 2);
    this.expect('revision');
    if (!this.skip(REVISION) || !this.readNumber()) return -1;
    this.revision = this.number;
    this.expect('removed');
    this.removed = this.skip(REMOVED);
    if (!this.removed && !this.skip(NOT_REMOVED)) return -1;
    this.write(entries, (restricted ? RESTRICTED : 0) | (enforce ? 0 : REPORT_ONLY));
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

  /** Stores it in lower case. Quote and backslash are the only characters of a username that JSON escapes. */
  private readUsername(): boolean {
    const { bytes, head } = this;
    let at = this.at;
    let length = 0;
    for (; length <= MAX_USERNAME; length++) {
      let code = USERNAME_BYTES[bytes[at] as number] as number;
      if (code === 0) {
        if (bytes[at] !== BACKSLASH) break;
        code = bytes[++at] as number;
        if (code !== QUOTE && code !== BACKSLASH) return false;
      }
      head[length] = code;
      at++;
    }
    if (length === 0 || length > MAX_USERNAME) return false;
    this.at = at;
    this.headLength = length;
    this.key.packBytes(head, length);
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
    const { bytes, at, idWords } = this;
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
    if (!(seen >= 0) || !hasDashes || version < 1 || version > 8 || (idWords[2] as number) >>> 30 !== 2) return false;
    this.head[this.headLength++] = TAB;
    this.note(bytes, at, at + ID_BYTES);
    this.head[this.headLength++] = TAB;
    this.at = at + ID_BYTES;
    return true;
  }

  private readEnforceAt(): boolean {
    const { enforceAt } = this;
    if (this.skip(ENFORCE_NEVER)) {
      enforceAt[0] = enforceAt[1] = NEVER;
      return true;
    }
    return this.skip(ENFORCE_AT) && this.readTime(enforceAt, 0, COMMA);
  }

  private readEntries(): number {
    let entries = 0;
    this.tailLength = 0;
    if (this.bytes[this.at] === BRACKET) return 0;
    do {
      if (entries === MAX_ENTRIES) return -1;
      this.expect('range');
      if (!this.skip(RANGE)) return -1;
      const end = this.range.readRange(this.bytes, this.at);
      if (end < 0) return -1;
      this.noteEntry(LINE_FEED, this.at, end);
      this.at = end;
      this.families[entries] = this.range.family;
      this.prefixes[entries] = this.range.prefix;
      for (let i = 0; i < 4; i++) this.networks[4 * entries + i] = this.range.words[i] as number;
      if (this.bytes[end] !== QUOTE) return -1;
      this.expect('expiresAt');
      if (!this.readExpiry(entries++)) return -1;
    } while (this.bytes[this.at] === COMMA && ++this.at);
    this.expect('entries');
    return this.bytes[this.at] === BRACKET ? entries : -1;
  }

  private readExpiry(entry: number): boolean {
    const { expiries } = this;
    if (this.skip(EXPIRES_NEVER)) {
      expiries[2 * entry] = expiries[2 * entry + 1] = NEVER;
      this.tail[this.tailLength++] = TAB;
      return true;
    }
    if (!this.skip(EXPIRES_AT) || !this.readTime(expiries, 2 * entry, BRACE)) return false;
    this.noteEntry(TAB, this.at - TIME_BYTES - 2, this.at - 2);
    return true;
  }

  /** A time, its quote and the byte that must follow; two words from `index` on. */
  private readTime(times: Uint32Array, index: number, after: number): boolean {
    const { bytes, at } = this;
    this.at = at + TIME_BYTES + 2;
    const text = String.fromCharCode(...bytes.subarray(at, at + TIME_BYTES));
    const time = Date.parse(text);
    // One form only. `Date` reads more, but the digest and other relays would read those differently.
    if (!(time >= 0 && new Date(time).toISOString() === text)) return false;
    times[index] = time % 0x1_0000_0000;
    times[index + 1] = Math.floor(time / 0x1_0000_0000);
    return bytes[at + TIME_BYTES] === QUOTE && bytes[at + TIME_BYTES + 1] === after;
  }

  private note(bytes: Uint8Array, from: number, to: number): void {
    const { head, headLength } = this;
    for (let i = from; i < to; i++) head[headLength + i - from] = bytes[i] as number;
    this.headLength = headLength + to - from;
  }

  private noteEntry(before: number, from: number, to: number): void {
    const { bytes, tail, tailLength } = this;
    tail[tailLength] = before;
    for (let i = from; i < to; i++) tail[tailLength + 1 + i - from] = bytes[i] as number;
    this.tailLength = tailLength + 1 + to - from;
  }

  private write(entries: number, flags: number): void {
    const { words, key, families, prefixes, networks, expiries, enforceAt, digest } = this;
    const reportOnly = (flags & REPORT_ONLY) !== 0;
    let at = 1 + wordsOf(key.length + entries);
    for (let i = 0; i < key.wordCount; i++) words[1 + i] = key.words[i] as number;
    for (let i = 1 + key.wordCount; i < at; i++) words[i] = 0;
    let byte = key.length;
    let v4Count = 0;
    let timed = reportOnly && enforceAt[1] !== NEVER;
    for (let family = 4; family <= 6; family += 2) {
      for (let i = 0; i < entries; i++) {
        if (families[i] !== family) continue;
        const prefix = prefixes[i] as number;
        words[1 + (byte >>> 2)] = (words[1 + (byte >>> 2)] as number) | (prefix << ((byte & 3) << 3));
        byte++;
        if (family === 4) v4Count++;
        const length = family === 4 ? 1 : v6Words(prefix);
        for (let k = 0; k < length; k++) words[at++] = networks[4 * i + k] as number;
        timed ||= expiries[2 * i + 1] !== NEVER;
      }
    }
    for (let family = timed ? 4 : 8; family <= 6; family += 2) {
      for (let i = 0; i < entries; i++) {
        if (families[i] !== family) continue;
        words[at++] = expiries[2 * i] as number;
        words[at++] = expiries[2 * i + 1] as number;
      }
    }
    if (timed && reportOnly) {
      words[at++] = enforceAt[0] as number;
      words[at++] = enforceAt[1] as number;
    }
    for (let i = 0; i < ID_WORDS; i++) words[at++] = this.idWords[i] as number;
    words[at++] = this.tenant;
    digest.reset().update(this.head, this.headLength).update(this.tail, this.tailLength);
    words[at++] = this.removed ? 0 : digest.high;
    words[at++] = this.removed ? 0 : digest.low;
    words[0] = headerOf(key.length, v4Count, entries - v4Count, flags | (timed ? TIMED : 0));
    this.length = at;
  }
}
