import { compressedRun } from './range-text.js';

/** 0: not an address. */
export type PackedFamily = 0 | 4 | 6;

const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const COLON = 0x3a;
/** The longest form: IPv6 with a dotted tail, `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`. */
const MAX_LENGTH = 45;
/** Marks a legal spelling that is not the canonical one. */
const ODD = 0x10;
/** The hex digit's value by byte, with ODD for upper case; -1 for other bytes. A branch instead would be slow. */
export const HEX_DIGITS = Int8Array.from({ length: 0x100 }, (_, code) => {
  const odd = code >= 0x41 && code <= 0x46 ? ODD : 0;
  return '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()) | odd;
});

/** An address or a range as words in network order. Reused, because a decision must not allocate. Tests compare it with @postern/ip-ranges. */
export class PackedAddress {
  family: PackedFamily = 0;
  /** IPv4: the first word. IPv6: all four. Unsigned. */
  readonly words: Uint32Array = new Uint32Array(4);
  prefix = 0;

  private readonly text = new Uint8Array(MAX_LENGTH + 1);
  private readonly groups = new Uint16Array(8);
  /** `::` is at group `gap` (-1: none). `odd` is ODD if the spelling is not canonical. `zeros` counts written zero groups. */
  private gap = 0;
  private gapLength = 0;
  private odd = 0;
  private zeros = 0;

  /** Parses a client's address. A mapped one (`::ffff:a.b.c.d`, in any spelling) becomes IPv4. */
  parse(ip: string): PackedFamily {
    const length = ip.length;
    if (length > MAX_LENGTH) return (this.family = 0);
    const { text, words } = this;
    for (let i = 0; i < length; i++) {
      const code = ip.charCodeAt(i);
      text[i] = code > 0x7f ? 0 : code;
    }
    // No address contains a zero byte, so reading stops there.
    text[length] = 0;
    if (this.read(text, 0) !== length) return (this.family = 0);
    if (this.family === 4 || !this.isMapped()) return this.family;
    words[0] = words[3] as number;
    return (this.family = 4);
  }

  /**
   * Parses a canonical range, as the control plane sends it. Returns its end in `bytes`; -1 for other spellings, `/0`, host bits, and networks
   * that contain mapped addresses: a relay must not honour what it cannot read exactly.
   */
  readRange(bytes: Uint8Array, from: number): number {
    let at = this.read(bytes, from);
    if (at < 0) return -1;
    const width = this.family === 4 ? 32 : 128;
    this.prefix = width;
    if (bytes[at] === SLASH) {
      const first = ++at;
      let prefix = 0;
      for (; at < first + 3; at++) {
        const digit = (bytes[at] as number) - ZERO;
        if (!(digit >= 0 && digit <= 9)) break;
        prefix = prefix * 10 + digit;
      }
      if (bytes[first] === ZERO || prefix < 1 || prefix >= width || !this.hostBitsAreZero(prefix)) return -1;
      this.prefix = prefix;
    }
    return this.family === 4 || this.isCanonicalV6() ? at : -1;
  }

  /** Returns the end of the address, or -1. */
  private read(bytes: Uint8Array, from: number): number {
    const isV4 =
      bytes[from + 1] === DOT || bytes[from + 2] === DOT || (bytes[from + 3] === DOT && bytes[from] !== COLON);
    this.family = isV4 ? 4 : 6;
    return isV4 ? this.readV4(bytes, from) : this.readV6(bytes, from);
  }

  /** Leading zeros are refused: some parsers read them as octal. */
  private readV4(bytes: Uint8Array, from: number): number {
    let at = from;
    let value = 0;
    for (let octets = 1; ; octets++) {
      let octet = (bytes[at++] as number) - ZERO;
      if (!(octet >= 0 && octet <= 9)) return -1;
      for (let digits = octet === 0 ? 3 : 1; digits < 3; digits++, at++) {
        const digit = (bytes[at] as number) - ZERO;
        if (!(digit >= 0 && digit <= 9)) break;
        octet = octet * 10 + digit;
      }
      if (octet > 255) return -1;
      value = (value << 8) | octet;
      if (octets === 4) break;
      if (bytes[at++] !== DOT) return -1;
    }
    this.words[0] = value;
    return at;
  }

  /** RFC 4291, section 2.2. */
  private readV6(bytes: Uint8Array, from: number): number {
    const { groups, words } = this;
    let at = from;
    let count = 0;
    let gap = -1;
    let odd = 0;
    let zeros = 0;
    if (bytes[at] === COLON) {
      if (bytes[at + 1] !== COLON) return -1;
      gap = 0;
      at += 2;
    }
    for (;;) {
      const start = at;
      let value = 0;
      let digit = HEX_DIGITS[bytes[at] as number] as number;
      for (; digit >= 0 && at < start + 4; digit = HEX_DIGITS[bytes[at] as number] as number) {
        value = (value << 4) | (digit & 0xf);
        odd |= digit;
        at++;
      }
      if (at === start) {
        // An address may end with `::`.
        if (count !== gap) return -1;
        break;
      }
      if (count === 8) return -1;
      if (bytes[at] === DOT) {
        at = count > 6 ? -1 : this.readV4(bytes, start);
        if (at < 0) return -1;
        groups[count++] = (words[0] as number) >>> 16;
        groups[count++] = words[0] as number;
        odd |= ODD;
        break;
      }
      if (at > start + 1 && bytes[start] === ZERO) odd |= ODD;
      if (value === 0) zeros++;
      groups[count++] = value;
      if (bytes[at] !== COLON) break;
      at++;
      if (bytes[at] === COLON) {
        if (gap >= 0) return -1;
        gap = count;
        at++;
      }
    }
    if (gap < 0 ? count !== 8 : count === 8) return -1;
    this.gap = gap;
    this.gapLength = 8 - count;
    this.odd = odd & ODD;
    this.zeros = zeros;
    if (gap >= 0) {
      for (let i = 7; i >= gap; i--) groups[i] = i + count - 8 >= gap ? (groups[i + count - 8] as number) : 0;
    }
    for (let i = 0; i < 4; i++) words[i] = ((groups[2 * i] as number) << 16) | (groups[2 * i + 1] as number);
    return at;
  }

  private isMapped(): boolean {
    const { words } = this;
    return words[2] === 0xffff && words[1] === 0 && words[0] === 0;
  }

  private isCanonicalV6(): boolean {
    if (this.odd !== 0 || this.holdsMapped()) return false;
    // If no zero is written, `::` replaces all of them.
    if (this.zeros === 0) return this.gap < 0 || this.gapLength > 1;
    const run = compressedRun(this.groups);
    return run.length === this.gapLength && (run.length === 0 || run.start === this.gap);
  }

  private holdsMapped(): boolean {
    const { words, prefix } = this;
    if (words[0] !== 0 || words[1] !== 0) return false;
    const bits = Math.min(32, Math.max(0, prefix - 64));
    return bits === 0 || ((words[2] as number) ^ 0xffff) >>> (32 - bits) === 0;
  }

  private hostBitsAreZero(prefix: number): boolean {
    for (let i = 0; i < (this.family === 4 ? 1 : 4); i++) {
      const networkBits = Math.min(32, Math.max(0, prefix - 32 * i));
      const hostMask = networkBits === 32 ? 0 : 0xffffffff >>> networkBits;
      if (((this.words[i] as number) & hostMask) !== 0) return false;
    }
    return true;
  }
}
