/** 0: not an address. */
export type PackedFamily = 0 | 4 | 6;

const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;
/** An IPv6 address with a dotted tail, at its longest: `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`. */
const MAX_LENGTH = 45;

/**
 * A client's address as words in network order. It is a scratch that each decision fills anew. The grammar is that of
 * `parseAddress` in @postern/ip-ranges (strict: no leading zeros in IPv4, no zone ids, no short forms), against which it
 * is tested; it is written again here because a decision must allocate nothing.
 */
export class PackedAddress {
  family: PackedFamily = 0;
  /** IPv4: the first word. IPv6: all four. Unsigned. */
  readonly words: Uint32Array = new Uint32Array(4);

  private readonly groups = new Uint16Array(8);

  /** Takes an address in; a mapped one (`::ffff:a.b.c.d`, in any spelling) becomes IPv4. */
  parse(text: string): PackedFamily {
    const length = text.length;
    if (length < 2 || length > MAX_LENGTH) return (this.family = 0);
    const second = text.charCodeAt(1);
    const isV4 =
      second === DOT || text.charCodeAt(2) === DOT || (text.charCodeAt(3) === DOT && text.charCodeAt(0) !== COLON);
    return (this.family = isV4 ? this.parseV4(text) : this.parseV6(text));
  }

  private parseV4(text: string): PackedFamily {
    return readDottedQuad(text, 0, this.words) ? 4 : 0;
  }

  private parseV6(text: string): PackedFamily {
    const count = this.readGroups(text);
    if (count !== 8) return 0;
    const g = this.groups;
    const words = this.words;
    for (let i = 0; i < 4; i++) words[i] = ((g[2 * i] as number) << 16) | (g[2 * i + 1] as number);
    if (words[2] !== 0xffff || words[1] !== 0 || words[0] !== 0) return 6;
    words[0] = words[3] as number;
    return 4;
  }

  /** Reads the groups of RFC 4291, section 2.2, filling in for `::`. Anything but 8 is a refusal. */
  private readGroups(text: string): number {
    const length = text.length;
    const g = this.groups;
    let count = 0;
    let gap = -1;
    let i = 0;
    if (text.charCodeAt(0) === COLON) {
      if (text.charCodeAt(1) !== COLON) return 0;
      gap = 0;
      i = 2;
    }
    while (i < length) {
      if (count === 8) return 0;
      const start = i;
      let value = 0;
      for (; i < length && i - start < 5; i++) {
        const digit = hexDigit(text.charCodeAt(i));
        if (digit < 0) break;
        value = (value << 4) | digit;
      }
      const digits = i - start;
      if (digits === 0 || digits > 4) return 0;
      if (i < length && text.charCodeAt(i) === DOT) {
        if (count > 6 || !readDottedQuad(text, start, this.words)) return 0;
        const tail = this.words[0] as number;
        g[count++] = tail >>> 16;
        g[count++] = tail & 0xffff;
        i = length;
        break;
      }
      g[count++] = value;
      if (i === length) break;
      if (text.charCodeAt(i) !== COLON) return 0;
      i++;
      if (i === length) return 0;
      if (text.charCodeAt(i) === COLON) {
        if (gap >= 0) return 0;
        gap = count;
        i++;
      }
    }
    if (gap < 0) return count;
    if (count === 8) return 0;
    const behind = count - gap;
    for (let k = 1; k <= behind; k++) g[8 - k] = g[count - k] as number;
    for (let k = gap; k < 8 - behind; k++) g[k] = 0;
    return 8;
  }
}

/**
 * Reads the dotted quad that reaches from `at` to the end of the text into `words[0]`. No leading zeros: some parsers take
 * them for octal. (The value is not returned: a number beyond 31 bits would be an allocation on the path of a decision.)
 */
function readDottedQuad(text: string, at: number, words: Uint32Array): boolean {
  const length = text.length;
  let value = 0;
  let i = at;
  for (let octets = 1; ; octets++) {
    let digit = i < length ? text.charCodeAt(i) - ZERO : -1;
    if (digit < 0 || digit > 9) return false;
    let octet = digit;
    const most = digit === 0 ? i + 1 : i + 3;
    for (i++; i < length && i < most; i++) {
      digit = text.charCodeAt(i) - ZERO;
      if (digit < 0 || digit > 9) break;
      octet = octet * 10 + digit;
    }
    if (octet > 255) return false;
    value = (value << 8) | octet;
    if (octets === 4) break;
    if (i >= length || text.charCodeAt(i) !== DOT) return false;
    i++;
  }
  words[0] = value;
  return i === length;
}

/**
 * By character code, up to 0x7f; -1 for all that is no hex digit. A table, because whether a digit or a letter comes next
 * is a coin toss that a branch would lose every other time: it halved the time of parsing an IPv6 address.
 */
const HEX_DIGITS = Int8Array.from({ length: 0x80 }, (_, code) => '0123456789abcdef'.indexOf(lower(code)));

function lower(code: number): string {
  return String.fromCharCode(code).toLowerCase();
}

function hexDigit(code: number): number {
  return code > 0x7f ? -1 : (HEX_DIGITS[code] as number);
}
