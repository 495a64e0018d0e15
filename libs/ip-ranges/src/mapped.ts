/** Bits of `::ffff:0:0/96`, the IPv4-mapped addresses (RFC 4291, section 2.5.5.2). */
export const MAPPED_PREFIX = 96;

/** Whether 16 bytes are an IPv4-mapped address. By the bytes: `::ffff:a00:1` is one as much as `::ffff:10.0.0.1`. */
export function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && holdsMappedUpTo(bytes, MAPPED_PREFIX);
}

/** Whether an IPv6 range of fewer than 96 bits, of which `first` is the lowest address, has all mapped addresses in it. */
export function holdsAllMapped(first: Uint8Array, prefix: number): boolean {
  return first.length === 16 && prefix < MAPPED_PREFIX && holdsMappedUpTo(first, prefix);
}

/** The 4 bytes of the IPv4 address in a mapped one; any other address as it is. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  return isMapped(bytes) ? bytes.slice(12) : bytes;
}

/** Whether the first `prefix` bits (at most 96) are those of `::ffff:0:0`. */
function holdsMappedUpTo(bytes: Uint8Array, prefix: number): boolean {
  for (let i = 0; i < 12 && i * 8 < prefix; i++) {
    const expected = i < 10 ? 0 : 0xff;
    const bits = Math.min(8, prefix - i * 8);
    if (((bytes[i] ?? 0) ^ expected) >> (8 - bits) !== 0) return false;
  }
  return true;
}
