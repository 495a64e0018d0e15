const DOT = 46;
const ZERO = 48;

/**
 * Reads four decimal octets without leading zeros (RFC 6943, section 3.1.1, "strict"), and nothing else.
 * By hand because relays call it for every login: some ten times faster than a regular expression and a split.
 * @returns the 4 bytes, or null
 */
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
