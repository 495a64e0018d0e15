import type { Digest64, SmtpUserId } from '@postern/contracts';
import { PackedAddress } from './packed-address.js';
import { PackedUsername } from './packed-username.js';
import { PolicyUnreadable, rewritten } from './policy-json.js';
import { PolicyReader } from './policy-reader.js';
import { rangeText } from './range-text.js';
import { RecordStore } from './record-store.js';
import {
  NONE_LIVE,
  RESTRICTED,
  TIMED,
  expiryOf,
  keyWordsOf,
  matchRecord,
  networkOf,
  recordWords,
  reportsOnly,
  smtpUserIdAt,
  tenantOf,
  uuidText,
} from './record.js';
import { TenantNumbers } from './tenant-numbers.js';
import { UserTable } from './user-table.js';

/** A number: a decision allocates nothing. UNKNOWN, UNRESTRICTED, MATCHED or a mismatch, and NO_LIVE_ENTRY are distinct. */
export type DecisionCode = number;
export const UNKNOWN = 0;
export const UNRESTRICTED = 1;
export const MATCHED = 2;
export const NOT_AUTHORIZED = 3;
export const NO_LIVE_ENTRY = 4;
export const SOURCE_IP_INVALID = 5;
/** Added to a mismatch if the user is in `report-only`: it is recorded, and allowed unless it is SOURCE_IP_INVALID. */
export const IN_REPORT_ONLY = 8;

/** All relay policies in memory. All methods are synchronous, so a decision sees a policy before or after a change, never in between. */
export class Replica {
  revision = 0;

  readonly tenants = new TenantNumbers();
  private readonly key = new PackedUsername();
  private readonly address = new PackedAddress();
  private readonly reader = new PolicyReader(this.key, this.tenants);
  private readonly records = new RecordStore();
  private readonly table: UserTable;
  private readonly clock: () => number;
  private digestHigh = 0;
  private digestLow = 0;
  private words: Uint32Array = new Uint32Array(1);
  private at = 0;
  private matchedEntry = 0;
  /** Of the last decision, if its record is timed. */
  private now = 0;

  /** `clock`: milliseconds since 1970. */
  constructor(options: { expectedUsers?: number; clock?: () => number } = {}) {
    this.clock = options.clock ?? Date.now;
    this.table = new UserTable(this.records, options.expectedUsers ?? 0);
  }

  get policies(): number {
    return this.table.users;
  }

  /** The XOR of the digests of all policies. */
  get digest(): Digest64 {
    return { high: this.digestHigh >>> 0, low: this.digestLow >>> 0 };
  }

  get byteLength(): number {
    return this.table.byteLength + this.records.byteLength;
  }

  /**
   * Applies a line that ends with a line feed, unless its revision is at most `after`. Returns its end.
   * @throws PolicyUnreadable: nothing has changed. An Error if there is no room: the user is then unknown, and the digest differs.
   */
  apply(lines: Buffer, from = 0, after = -1): number {
    const { reader } = this;
    let end = reader.read(lines, from);
    if (end < 0) {
      // Another legal form of JSON, or not JSON.
      end = lines.indexOf(0x0a, from) + 1;
      const line = rewritten(lines.toString('utf8', from, end - 1));
      if (reader.read(line, 0) < 0) throw new PolicyUnreadable(reader.field, line.toString('latin1', reader.fieldAt));
    }
    if (reader.revision <= after) return end;
    this.drop();
    if (!reader.removed) {
      const { hash } = this.key;
      this.table.segment(hash).insert(hash, this.records.add(reader.words, reader.length));
      this.xorDigest(reader.words, reader.length);
    }
    if (reader.revision > this.revision) this.revision = reader.revision;
    return end;
  }

  /** An address that cannot be parsed is a mismatch for a restricted user, in both modes. The methods below describe this decision until the next. */
  decideCode(username: string, ip: string): DecisionCode {
    if (typeof username !== 'string' || !this.key.pack(username)) return UNKNOWN;
    const segment = this.table.segment(this.key.hash);
    segment.fetch(this.key.hash);
    const family = typeof ip === 'string' ? this.address.parse(ip) : (this.address.family = 0);
    const found = segment.find(this.key);
    if (found === 0) return UNKNOWN;
    const header = this.open(found);
    this.now = (header & TIMED) === 0 ? 0 : this.clock();
    if ((header & RESTRICTED) === 0) return UNRESTRICTED;
    const reportOnly = this.isReportOnly() ? IN_REPORT_ONLY : 0;
    if (family === 0) return SOURCE_IP_INVALID + reportOnly;
    const entry = matchRecord(this.words, this.at, family, this.address.words, this.now);
    if (entry < 0) return (entry === NONE_LIVE ? NO_LIVE_ENTRY : NOT_AUTHORIZED) + reportOnly;
    this.matchedEntry = entry;
    return MATCHED;
  }

  isReportOnly(): boolean {
    return reportsOnly(this.words, this.at, this.now);
  }

  smtpUserId(): SmtpUserId {
    return uuidText(this.words, smtpUserIdAt(this.words, this.at)) as SmtpUserId;
  }

  tenantId(): string {
    return this.tenants.ids[tenantOf(this.words, this.at)] ?? '';
  }

  /** The address of the last decision, unless it was UNKNOWN, in canonical form; null if it was unreadable. */
  addressText(): string | null {
    const { family, words } = this.address;
    return family === 0
      ? null
      : rangeText(family, family === 4 ? words.subarray(0, 1) : words, family === 4 ? 32 : 128);
  }

  /** Writes the user's id and the address (IPv4 as `::ffff:a.b.c.d`) of the last decision, unless UNKNOWN; four words each. False: unreadable address. */
  readLogin(into: Uint32Array): boolean {
    const { family, words } = this.address;
    if (family === 0) return false;
    const id = smtpUserIdAt(this.words, this.at);
    for (let i = 0; i < 4; i++) into[i] = this.words[id + i] as number;
    for (let i = 0; i < 4; i++) into[4 + i] = family === 6 ? (words[i] as number) : 0;
    if (family === 4) {
      into[6] = 0xffff;
      into[7] = words[0] as number;
    }
    return true;
  }

  /** Only after MATCHED. In canonical form. */
  matchedRange(): string {
    return rangeText(...networkOf(this.words, this.at, this.matchedEntry));
  }

  /** When the entry of the last MATCHED decision expires, in milliseconds since 1970; null for never. */
  matchedExpiry(): number | null {
    const expiry = expiryOf(this.words, this.at, this.matchedEntry);
    return expiry === Number.POSITIVE_INFINITY ? null : expiry;
  }

  /** Copies of all records, for `restore`. The replica may change between two of them. */
  copies(): Generator<Uint32Array<ArrayBuffer>> {
    return this.records.copies();
  }

  restore(copy: Uint32Array): void {
    for (const reference of this.records.restore(copy)) {
      const header = this.open(reference);
      const { words, at } = this;
      this.key.packFrom(words, at + 1, keyWordsOf(header));
      this.drop();
      this.table.segment(this.key.hash).insert(this.key.hash, reference);
      this.xorDigest(words, at + recordWords(header));
    }
  }

  private drop(): void {
    const segment = this.table.segment(this.key.hash);
    const found = segment.find(this.key);
    if (found === 0) return;
    const header = this.open(found);
    this.xorDigest(this.words, this.at + recordWords(header));
    segment.remove(this.key);
    this.records.remove(found);
  }

  /** Returns the header of a record. */
  private open(reference: number): number {
    this.words = this.records.page(reference);
    this.at = this.records.offset(reference);
    return this.words[this.at] as number;
  }

  private xorDigest(words: Uint32Array, end: number): void {
    this.digestHigh ^= words[end - 2] as number;
    this.digestLow ^= words[end - 1] as number;
  }
}
