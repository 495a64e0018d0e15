import { randomBytes } from 'node:crypto';
import { EMPTY_DIGEST, xorDigest } from '@postern/contracts';
import type { Digest64, RelayPolicy } from '@postern/contracts';
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
  MAX_RECORD_WORDS,
  REPORT_ONLY,
  RESTRICTED,
  expiryOf,
  keyLengthOf,
  recordWords,
} from './record-layout.js';
import { RecordWriter } from './record-writer.js';
import { UsernameSlots } from './username-slots.js';

/**
 * All relay policies, in memory, for decisions: no object per user, and two or three cache lines a decision.
 * One writer, and synchronous throughout: a decision sees a policy before or after a change of it, never within.
 */
export class Replica {
  /** The revision of the last change that was applied. */
  revision = 0;
  /** The XOR of the digests of all policies held. */
  digest: Digest64 = EMPTY_DIGEST;

  private readonly key: PackedUsername;
  /** For the keys of records, beside the one that is looked for. */
  private readonly recordKey: PackedUsername;
  private readonly address = new PackedAddress();
  private readonly writer = new RecordWriter();
  private readonly arena = new RecordArena();
  private readonly slots: UsernameSlots;
  private readonly clock: () => number;
  private matchedReference = 0;
  private matchedEntry = 0;

  /** `clock` gives milliseconds since 1970: an entry's end is judged by it. `hashKey`, 8 bytes, is random unless a test fixes it. */
  constructor(options: { expectedUsers?: number; clock?: () => number; hashKey?: Uint8Array } = {}) {
    this.slots = new UsernameSlots(this.hashOf, options.expectedUsers);
    this.clock = options.clock ?? Date.now;
    const hashKey = options.hashKey ?? randomBytes(8);
    this.key = new PackedUsername(hashKey);
    this.recordKey = new PackedUsername(hashKey);
  }

  /** Policies held; removed ones are not. */
  get policies(): number {
    return this.slots.size;
  }

  /** What the arrays take, room to grow included. */
  get byteLength(): number {
    return this.slots.byteLength + this.arena.byteLength;
  }

  get garbageBytes(): number {
    return this.arena.garbageBytes;
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
    const slot = this.find();
    if (slot >= 0) this.drop(this.slots.reference(slot));
    if (policy.removed) {
      if (slot >= 0) this.slots.remove(slot);
    } else {
      this.add(this.writer.words, length, slot);
    }
    if (policy.revision > this.revision) this.revision = policy.revision;
    this.arena.compactStep(this.moved);
  }

  /**
   * Finds what the policies say of a login. A source IP that can't be parsed is refused for a restricted user, in either
   * mode; for an unrestricted one, who may log in from anywhere, the source does not matter. After MATCHED, `matchedRange` and `matchedExpiry` tell the entry.
   */
  decideCode(username: string, ip: string): DecisionCode {
    if (!this.key.pack(username)) return UNKNOWN;
    const { slots, arena } = this;
    let slot = slots.seek(this.key.hash, slots.home(this.key.hash));
    if (slot < 0) return UNKNOWN;
    let reference = slots.reference(slot);
    // The record is touched before the address is parsed, so that its cache line comes in meanwhile.
    let header = arena.page(reference)[arena.offset(reference)] as number;
    const family = this.address.parse(ip);
    if (!this.hasKey(reference, header)) {
      slot = this.findFrom(slots.after(slot));
      if (slot < 0) return UNKNOWN;
      reference = slots.reference(slot);
      header = arena.page(reference)[arena.offset(reference)] as number;
    }
    if ((header & RESTRICTED) === 0) return UNRESTRICTED;
    const reportOnly = (header & REPORT_ONLY) === 0 ? 0 : IN_REPORT_ONLY;
    if (family === 0) return SOURCE_IP_INVALID + reportOnly;
    const page = arena.page(reference);
    const entry = matchRecord(
      page,
      arena.offset(reference),
      this.address,
      (header & EXPIRING) === 0 ? 0 : this.clock(),
    );
    if (entry < 0) return (entry === NONE_LIVE ? NO_LIVE_ENTRY : NOT_AUTHORIZED) + reportOnly;
    this.matchedReference = reference;
    this.matchedEntry = entry;
    return MATCHED;
  }

  /** Whether a user is in `report-only`; false for an unknown one. */
  isReportOnly(username: string): boolean {
    const slot = this.key.pack(username) ? this.find() : -1;
    if (slot < 0) return false;
    const reference = this.slots.reference(slot);
    return ((this.arena.page(reference)[this.arena.offset(reference)] as number) & REPORT_ONLY) !== 0;
  }

  /** The range that the last MATCHED decision found, in canonical form. */
  matchedRange(): string {
    return rangeText(
      this.arena.page(this.matchedReference),
      this.arena.offset(this.matchedReference),
      this.matchedEntry,
    );
  }

  /** When the entry of the last MATCHED decision expires, in milliseconds since 1970; null for never. */
  matchedExpiry(): number | null {
    const { arena, matchedReference: reference } = this;
    const expiry = expiryOf(arena.page(reference), arena.offset(reference), this.matchedEntry);
    return expiry === Number.POSITIVE_INFINITY ? null : expiry;
  }

  /** Every record, in its own words: what `restoreAll` takes in again. */
  *records(): Generator<Uint32Array> {
    for (const reference of this.arena.references()) {
      const page = this.arena.page(reference);
      const at = this.arena.offset(reference);
      yield page.subarray(at, at + recordWords(page, at));
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
      this.add(records.subarray(at, at + length), length, -1);
      at += length;
    }
    return true;
  }

  private add(record: Uint32Array, length: number, slot: number): void {
    const reference = this.arena.store(record, length);
    if (slot >= 0) this.slots.repoint(slot, reference);
    else this.slots.insert(this.key.hash, reference);
    this.digest = xorDigest(this.digest, digestOf(record, length));
  }

  private drop(reference: number): void {
    const page = this.arena.page(reference);
    const at = this.arena.offset(reference);
    this.digest = xorDigest(this.digest, digestOf(page, at + recordWords(page, at)));
    this.arena.free(reference);
  }

  /** Compaction moved a record: its slot follows. */
  private readonly moved = (from: number, to: number): void => {
    const { slots } = this;
    const hash = this.hashOf(to);
    let slot = slots.seek(hash, slots.home(hash));
    while (slots.reference(slot) !== from) slot = slots.seek(hash, slots.after(slot));
    slots.repoint(slot, to);
  };

  /** The hash of a record's key. */
  private readonly hashOf = (reference: number): number => {
    const page = this.arena.page(reference);
    const at = this.arena.offset(reference);
    this.recordKey.packFrom(page, at + 1, keyLengthOf(page[at] as number));
    return this.recordKey.hash;
  };

  /** The slot of the user whose name `key` holds, or -1. */
  private find(): number {
    return this.findFrom(this.slots.home(this.key.hash));
  }

  /** As `find`, from a slot on. That the tags agree is not enough: the whole key is compared. */
  private findFrom(from: number): number {
    const { slots, arena } = this;
    let slot = slots.seek(this.key.hash, from);
    while (slot >= 0) {
      const reference = slots.reference(slot);
      if (this.hasKey(reference, arena.page(reference)[arena.offset(reference)] as number)) return slot;
      slot = slots.seek(this.key.hash, slots.after(slot));
    }
    return -1;
  }

  private hasKey(reference: number, header: number): boolean {
    const key = this.key;
    if (keyLengthOf(header) !== key.length) return false;
    const page = this.arena.page(reference);
    const at = this.arena.offset(reference);
    const words = key.words;
    for (let i = 0; i < key.wordCount; i++) if (page[at + 1 + i] !== words[i]) return false;
    return true;
  }
}

/** The digest that closes a record which ends before `end`. */
function digestOf(words: Uint32Array, end: number): Digest64 {
  return { high: words[end - DIGEST_WORDS] as number, low: words[end - 1] as number };
}
