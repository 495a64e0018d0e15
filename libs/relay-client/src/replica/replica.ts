import { randomBytes } from 'node:crypto';
import { EMPTY_DIGEST, xorDigest } from '@postern/contracts';
import type { Digest64, RelayPolicy, SmtpUserId } from '@postern/contracts';
import {
  IN_REPORT_ONLY,
  MATCHED,
  NOT_AUTHORIZED,
  NO_LIVE_ENTRY,
  SOURCE_IP_INVALID,
  UNKNOWN,
  UNRESTRICTED,
} from './decision-code.js';
import type { DecisionCode } from './decision-code.js';
import { NONE_LIVE, matchRecord } from './match-record.js';
import { PackedAddress } from './packed-address.js';
import { PackedUsername } from './packed-username.js';
import { rangeText } from './range-text.js';
import { RecordArena } from './record-arena.js';
import {
  DIGEST_WORDS,
  EXPIRING,
  MAX_INLINE_WORDS,
  MAX_RECORD_WORDS,
  OUTSIZED,
  REPORT_ONLY,
  RESTRICTED,
  expiryOf,
  headerOf,
  keyLengthOf,
  recordWords,
  smtpUserIdOf,
  wordsOf,
} from './record-layout.js';
import { RecordWriter } from './record-writer.js';
import { UserTable } from './user-table.js';

/**
 * All relay policies, in memory, for decisions: no object per user, and one wait for memory a decision.
 * One writer, and synchronous throughout: a decision sees a policy before or after a change of it, never within.
 */
export class Replica {
  /** The revision of the last change that was applied. */
  revision = 0;
  /** The XOR of the digests of all policies held. */
  digest: Digest64 = EMPTY_DIGEST;

  private readonly key: PackedUsername;
  private readonly address = new PackedAddress();
  private readonly writer = new RecordWriter();
  /** Records too large for the table. */
  private readonly arena = new RecordArena();
  private readonly table: UserTable;
  private readonly clock: () => number;
  /** The record of the last decision. */
  private decidedWords: Uint32Array = new Uint32Array(1);
  private decidedAt = 0;
  private matchedEntry = 0;

  /** `clock` gives milliseconds since 1970: an entry's end is judged by it. `hashKey`, 8 bytes, is random unless a test fixes it. */
  constructor(options: { expectedUsers?: number; clock?: () => number; hashKey?: Uint8Array } = {}) {
    this.clock = options.clock ?? Date.now;
    const hashKey = options.hashKey ?? randomBytes(8);
    this.key = new PackedUsername(hashKey);
    this.table = new UserTable(new PackedUsername(hashKey), options.expectedUsers);
  }

  /** Policies held; removed ones are not. */
  get policies(): number {
    return this.table.users;
  }

  /** What the arrays take, room to grow included. */
  get byteLength(): number {
    return this.table.byteLength + this.arena.byteLength;
  }

  get compactions(): number {
    return this.arena.compactions;
  }

  /**
   * Puts a policy in the place of its user's last one; a tombstone takes it out. Changes must come in revision order.
   * @throws PolicyUnreadable; the replica is then as it was.
   */
  apply(policy: RelayPolicy): void {
    this.key.pack(policy.username);
    const length = this.writer.write(policy, this.key);
    this.drop();
    if (!policy.removed) this.add(this.writer.words, length);
    if (policy.revision > this.revision) this.revision = policy.revision;
    this.arena.compactStep(this.moved);
  }

  /**
   * Finds what the policies say of a login. A source IP that can't be parsed is refused for a restricted user, in either
   * mode; for an unrestricted one, who may log in from anywhere, the source does not matter. After MATCHED,
   * `matchedRange` and `matchedExpiry` tell the entry; unless UNKNOWN, `isReportOnly` the mode; until the next call.
   */
  decideCode(username: string, ip: string): DecisionCode {
    if (typeof username !== 'string' || !this.key.pack(username)) return UNKNOWN;
    const segment = this.table.segment(this.key.hash);
    segment.fetch(segment.home(this.key.hash));
    const family = typeof ip === 'string' ? this.address.parse(ip) : 0;
    const found = segment.find(this.key);
    if (found < 0) return UNKNOWN;
    const header = this.open(segment.words, found);
    if ((header & RESTRICTED) === 0) return UNRESTRICTED;
    const reportOnly = (header & REPORT_ONLY) === 0 ? 0 : IN_REPORT_ONLY;
    if (family === 0) return SOURCE_IP_INVALID + reportOnly;
    const now = (header & EXPIRING) === 0 ? 0 : this.clock();
    const entry = matchRecord(this.decidedWords, this.decidedAt, this.address, now);
    if (entry < 0) return (entry === NONE_LIVE ? NO_LIVE_ENTRY : NOT_AUTHORIZED) + reportOnly;
    this.matchedEntry = entry;
    return MATCHED;
  }

  /** Whether the user of the last decision is in `report-only`. */
  isReportOnly(): boolean {
    return ((this.decidedWords[this.decidedAt] as number) & REPORT_ONLY) !== 0;
  }

  /** The SMTP user of the last decision, unless it was UNKNOWN. */
  smtpUserId(): SmtpUserId {
    return smtpUserIdOf(this.decidedWords, this.decidedAt) as SmtpUserId;
  }

  /** The range that the last MATCHED decision found, in canonical form. */
  matchedRange(): string {
    return rangeText(this.decidedWords, this.decidedAt, this.matchedEntry);
  }

  /** When the entry of the last MATCHED decision expires, in milliseconds since 1970; null for never. */
  matchedExpiry(): number | null {
    const expiry = expiryOf(this.decidedWords, this.decidedAt, this.matchedEntry);
    return expiry === Number.POSITIVE_INFINITY ? null : expiry;
  }

  /** Every record, in its own words: what `restoreAll` takes in again. */
  *records(): Generator<Uint32Array> {
    for (const [words, at] of this.table.records()) {
      this.open(words, at);
      yield this.decidedWords.subarray(this.decidedAt, this.decidedAt + recordWords(this.decidedWords, this.decidedAt));
    }
  }

  /**
   * Takes in records that `records` gave, one after the other, into an empty replica. False if one can't be what
   * `records` gave: nothing is read beyond the end, and the caller compares number and digest.
   */
  restoreAll(records: Uint32Array): boolean {
    for (let at = 0; at < records.length;) {
      const header = records[at] as number;
      const length = header === 0 ? 0 : recordWords(records, at);
      if (!(length > 0 && length <= MAX_RECORD_WORDS && at + length <= records.length)) return false;
      this.key.packFrom(records, at + 1, keyLengthOf(header));
      this.add(records.subarray(at, at + length), length);
      at += length;
    }
    return true;
  }

  /** Adds the record of the user whose name `key` holds. */
  private add(record: Uint32Array, length: number): void {
    const { hash } = this.key;
    this.digest = xorDigest(this.digest, digestOf(record, length));
    if (length <= MAX_INLINE_WORDS) return this.table.segment(hash).insert(hash, record, length);
    const keyWords = this.key.wordCount;
    const stub = new Uint32Array(2 + keyWords);
    stub.set(this.key.words.subarray(0, keyWords), 1);
    stub[0] = headerOf(this.key.length, 0, 0, OUTSIZED);
    stub[1 + keyWords] = this.arena.store(record, length);
    this.table.segment(hash).insert(hash, stub, stub.length);
  }

  /** Takes out the record of the user whose name `key` holds, if there is one. */
  private drop(): void {
    const { hash } = this.key;
    const segment = this.table.segment(hash);
    const found = segment.find(this.key);
    if (found < 0) return;
    this.open(segment.words, found);
    const { decidedWords: words, decidedAt: at } = this;
    this.digest = xorDigest(this.digest, digestOf(words, at + recordWords(words, at)));
    if (words !== segment.words) this.arena.free(referenceIn(segment.words, found));
    segment.remove(hash, found);
  }

  /** Goes to a user's record, also where it is outsized, and gives its header. */
  private open(words: Uint32Array, found: number): number {
    let header = words[found] as number;
    this.decidedWords = words;
    this.decidedAt = found;
    if ((header & OUTSIZED) !== 0) {
      const reference = referenceIn(words, found);
      this.decidedWords = this.arena.page(reference);
      this.decidedAt = this.arena.offset(reference);
      header = this.decidedWords[this.decidedAt] as number;
    }
    return header;
  }

  /** Compaction moved an outsized record: its stub follows. */
  private readonly moved = (from: number, to: number): void => {
    const page = this.arena.page(to);
    const at = this.arena.offset(to);
    this.key.packFrom(page, at + 1, keyLengthOf(page[at] as number));
    const segment = this.table.segment(this.key.hash);
    const found = segment.find(this.key);
    if (found >= 0 && referenceIn(segment.words, found) === from) {
      segment.words[found + 1 + this.key.wordCount] = to;
    }
  };
}

/** The reference in the stub of an outsized record. */
function referenceIn(words: Uint32Array, stub: number): number {
  return words[stub + 1 + wordsOf(keyLengthOf(words[stub] as number))] as number;
}

/** The digest that closes a record which ends before `end`. */
function digestOf(words: Uint32Array, end: number): Digest64 {
  return { high: words[end - DIGEST_WORDS] as number, low: words[end - 1] as number };
}
