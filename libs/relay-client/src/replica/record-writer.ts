import { isUsername, isUuid, policyDigest } from '@postern/contracts';
import type { RelayPolicy, RelayPolicyEntry } from '@postern/contracts';
import { PolicyUnreadable } from '../policies/policy-unreadable.js';
import { PackedRange } from './packed-range.js';
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
} from './record-layout.js';

/** Makes the record of a policy, in a scratch that is filled anew each time. */
export class RecordWriter {
  readonly words: Uint32Array = new Uint32Array(MAX_RECORD_WORDS);
  private readonly range = new PackedRange();

  /**
   * Writes the record of a policy whose username `key` holds. Returns its length in words.
   * @throws PolicyUnreadable for a username, id, range or time that is not in canonical form, and for too many entries.
   */
  write(policy: RelayPolicy, key: PackedUsername): number {
    if (!isUsername(policy.username)) throw new PolicyUnreadable('username', policy.username);
    if (!isUuid(policy.smtpUserId)) throw new PolicyUnreadable('smtpUserId', policy.smtpUserId);
    const entries = policy.entries;
    if (entries.length > MAX_ENTRIES) throw new PolicyUnreadable('entries', `${entries.length} entries`);
    const words = this.words;
    let at = 1 + wordsOf(key.length + entries.length);
    words.set(key.words.subarray(0, key.wordCount), 1);
    words.fill(0, 1 + key.wordCount, at);
    const order = byFamily(entries);
    for (const [index, entry] of order.entries()) {
      if (!this.range.parse(entry.range)) throw new PolicyUnreadable('range', entry.range);
      const { prefix, family } = this.range;
      const byte = key.length + index;
      words[1 + (byte >>> 2)] = (words[1 + (byte >>> 2)] as number) | (prefix << ((byte & 3) << 3));
      const length = family === 4 ? 1 : v6Words(prefix);
      for (let i = 0; i < length; i++) words[at++] = this.range.words[i] as number;
    }

    const expiring = entries.some((entry) => entry.expiresAt !== null);
    if (expiring) for (const entry of order) at = this.writeExpiry(at, entry);
    at = this.writeId(at, policy.smtpUserId);
    const digest = policyDigest(policy);
    words[at++] = digest.high;
    words[at++] = digest.low;

    const v6Count = entries.reduce((count, entry) => count + (isV6(entry) ? 1 : 0), 0);
    const flags =
      (policy.restricted ? RESTRICTED : 0) |
      (policy.mode === 'report-only' ? REPORT_ONLY : 0) |
      (expiring ? EXPIRING : 0);
    words[0] = headerOf(key.length, entries.length - v6Count, v6Count, flags);
    return at;
  }

  private writeId(at: number, id: string): number {
    const hex = id.replaceAll('-', '');
    for (let i = 0; i < ID_WORDS; i++) this.words[at + i] = Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16);
    return at + ID_WORDS;
  }

  private writeExpiry(at: number, entry: RelayPolicyEntry): number {
    if (entry.expiresAt === null) {
      this.words[at] = NEVER;
      this.words[at + 1] = NEVER;
      return at + 2;
    }
    const time = Date.parse(entry.expiresAt);
    // One form only: what else `Date` reads, the digest and other relays would read otherwise.
    if (!(time >= 0 && entry.expiresAt.length === 24 && new Date(time).toISOString() === entry.expiresAt))
      throw new PolicyUnreadable('expiresAt', entry.expiresAt);
    this.words[at] = time % 0x1_0000_0000;
    this.words[at + 1] = Math.floor(time / 0x1_0000_0000);
    return at + 2;
  }
}

/** A canonical range has a colon if and only if it is IPv6. */
const isV6 = (entry: RelayPolicyEntry): boolean => entry.range.includes(':');

/** IPv4 first, each family in its own order. */
function byFamily(entries: readonly RelayPolicyEntry[]): readonly RelayPolicyEntry[] {
  return [...entries.filter((entry) => !isV6(entry)), ...entries.filter(isV6)];
}
