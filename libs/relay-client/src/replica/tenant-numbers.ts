import { PackedUsername } from './packed-username.js';
import { OUTSIZED, headerOf, keyLengthOf, wordsOf } from './record.js';
import { UserTable } from './user-table.js';

/**
 * A record needs one word for its tenant. A million lines have a few thousand tenants; only a new one creates a string.
 */
export class TenantNumbers {
  readonly ids: string[] = [];
  private readonly key: PackedUsername;
  /** Stubs like those of outsized records; the reference is the number. */
  private readonly table: UserTable;

  constructor(hashKey: Uint8Array) {
    this.key = new PackedUsername(hashKey);
    this.table = new UserTable(new PackedUsername(hashKey), 0);
  }

  /** The number of the tenant whose id is the first `length` bytes (1 to 254). */
  numberOf(bytes: Uint8Array, length: number): number {
    const { key } = this;
    key.packBytes(bytes, length);
    const segment = this.table.segment(key.hash);
    const found = segment.find(key);
    if (found >= 0) return segment.words[found + 1 + wordsOf(keyLengthOf(segment.words[found] as number))] as number;
    const number = this.ids.push(Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1')) - 1;
    const stub = new Uint32Array(2 + key.wordCount);
    stub.set(key.words.subarray(0, key.wordCount), 1);
    stub[0] = headerOf(length, 0, 0, OUTSIZED);
    stub[1 + key.wordCount] = number;
    segment.insert(key.hash, stub, 0, stub.length);
    return number;
  }

  restore(ids: readonly string[]): void {
    for (const id of ids) this.numberOf(Buffer.from(id, 'latin1'), id.length);
  }
}
