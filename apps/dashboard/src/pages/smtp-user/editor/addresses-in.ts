import type { IpRange } from '@postern/ip-ranges';

/** How many addresses a range has: *1 address*, *256 addresses*, *one /64*, *65,536 × /64*. */
export function addressesIn({ family, prefix }: Pick<IpRange, 'family' | 'prefix'>): string {
  const bits = (family === 'IPv4' ? 32 : 128) - prefix;
  if (bits === 0) return '1 address';
  if (bits <= 32) return `${(2 ** bits).toLocaleString('en')} addresses`;
  // A /64 is one network of one site; the number of its addresses means nothing to anybody.
  if (bits < 64) return `part of a /64`;
  if (bits === 64) return 'one /64';
  return bits <= 96 ? `${(2 ** (bits - 64)).toLocaleString('en')} × /64` : `2^${bits - 64} × /64`;
}
