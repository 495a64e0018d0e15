import { randomInt } from 'node:crypto';
import type { Replica } from '../replica/replica.js';

/** The most records in memory: those being counted, and those waiting to be sent. */
const MAX_RECORDS = 50_000;
/** Between two calls of `take`. */
const MAX_RECORDS_PER_USER = 1_000;

const KEY_WORDS = 8;
/** SMTP user's id (4), address (4), logins. */
export const RECORD_WORDS = KEY_WORDS + 1;
/** A power of two, and more than twice as many as records, so most searches end at their first slot. */
const SLOTS = 1 << 17;
const USER_BITS = 16;

/** Counts logins by SMTP user and address. It runs within each decision, so it allocates nothing. A login beyond the limits is dropped and counted. */
export class LoginCounter {
  counted = 0;
  dropped = 0;

  private size = 0;
  private readonly login = new Uint32Array(KEY_WORDS);
  /** A hash table. A slot has the number of a record, from 1; 0 is a free slot. */
  private readonly slots = new Uint16Array(SLOTS);
  private readonly records = new Uint32Array((1 + MAX_RECORDS) * RECORD_WORDS);
  /** The number of records by a hash of the user. Users with the same hash share one limit; only a flood reaches it. */
  private readonly ofUser = new Uint16Array(1 << USER_BITS);
  /** Random, so that an attacker cannot choose addresses that collide in the hash table. */
  private readonly seed = randomInt(2 ** 32);

  constructor(
    /** Returns how many records `take` returned that are still in memory. */
    private readonly waiting: () => number,
  ) {}

  count(replica: Pick<Replica, 'readLogin'>): void {
    const { login, slots, records } = this;
    if (!replica.readLogin(login)) return;
    let hash = this.seed;
    for (let i = 0; i < 4; i++) hash = mixed(hash, login[i] as number);
    const user = hash >>> (32 - USER_BITS);
    for (let i = 4; i < KEY_WORDS; i++) hash = mixed(hash, login[i] as number);
    let slot = hash & (SLOTS - 1);
    for (; slots[slot] !== 0; slot = (slot + 1) & (SLOTS - 1)) {
      const at = (slots[slot] as number) * RECORD_WORDS;
      if (!this.isOf(at)) continue;
      records[at + KEY_WORDS] = (records[at + KEY_WORDS] as number) + 1;
      this.counted++;
      return;
    }
    this.add(slot, user);
  }

  /** Returns all records, `RECORD_WORDS` each, and resets. */
  take(): Uint32Array {
    const taken = this.records.slice(RECORD_WORDS, (1 + this.size) * RECORD_WORDS);
    this.size = 0;
    this.slots.fill(0);
    this.ofUser.fill(0);
    return taken;
  }

  private isOf(at: number): boolean {
    const { records, login } = this;
    for (let i = KEY_WORDS - 1; i >= 0; i--) if (records[at + i] !== login[i]) return false;
    return true;
  }

  private add(slot: number, user: number): void {
    const { records, ofUser } = this;
    const others = ofUser[user] as number;
    if (this.size + this.waiting() >= MAX_RECORDS || others >= MAX_RECORDS_PER_USER) {
      this.dropped++;
      return;
    }
    ofUser[user] = others + 1;
    this.slots[slot] = ++this.size;
    records.set(this.login, this.size * RECORD_WORDS);
    records[this.size * RECORD_WORDS + KEY_WORDS] = 1;
    this.counted++;
  }
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}
