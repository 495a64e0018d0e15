import { PackedAddress } from './packed-address.js';
import type { PackedFamily } from './packed-address.js';
import { packedRangeText } from './range-text.js';

/** A canonical range as words; a scratch that is filled anew for each entry of a policy. */
export class PackedRange {
  family: PackedFamily = 0;
  prefix = 0;
  private readonly address = new PackedAddress();

  /** IPv4: the first word. IPv6: all four. Host bits are zero. */
  get words(): Uint32Array {
    return this.address.words;
  }

  /**
   * Takes in a range in the canonical form that the control plane sends: `203.0.113.0/24`, `2001:db8::1`.
   * False for all else, also another spelling, `/0`, host bits that are set, and a network that holds all mapped addresses:
   * what a relay can't read exactly it must not honour.
   */
  parse(text: string): boolean {
    const slash = text.indexOf('/');
    this.family = this.address.parse(slash < 0 ? text : text.slice(0, slash));
    if (this.family === 0) return false;
    const width = this.family === 4 ? 32 : 128;
    this.prefix = slash < 0 ? width : prefixLength(text, slash + 1);
    if (this.prefix < 1 || this.prefix > width || !this.hostBitsAreZero() || this.holdsAllMapped()) return false;
    return packedRangeText(this.family, this.address.words, this.prefix) === text;
  }

  /** Whether it is IPv6, and its bits are the first ones of `::ffff:0:0/96`. */
  private holdsAllMapped(): boolean {
    if (this.family !== 6 || this.prefix >= 96) return false;
    const [first, second, third = 0] = this.address.words;
    const bits = Math.max(0, this.prefix - 64);
    return first === 0 && second === 0 && (bits === 0 || third === (0xffff & (0xffffffff << (32 - bits))) >>> 0);
  }

  private hostBitsAreZero(): boolean {
    const words = this.address.words;
    for (let i = 0; i < (this.family === 4 ? 1 : 4); i++) {
      const networkBits = Math.min(32, Math.max(0, this.prefix - 32 * i));
      const hostMask = networkBits === 32 ? 0 : 0xffffffff >>> networkBits;
      if (((words[i] as number) & hostMask) !== 0) return false;
    }
    return true;
  }
}

/** Decimal digits without sign or leading zero, to the end of the text; -1 if it is anything else. */
function prefixLength(text: string, at: number): number {
  const digits = text.length - at;
  if (digits < 1 || digits > 3 || text.charCodeAt(at) === 0x30) return -1;
  let value = 0;
  for (let i = at; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
