import { below } from './random.js';

const RANGES_PER_USER = 3;

/**
 * Users with three ranges each, IPv4 and IPv6 mixed half and half: single addresses, /24 and /64. Kept as numbers, so that
 * the population itself weighs little next to what is measured; texts are made on demand.
 */
export class Population {
  /** Per range: 1 for IPv6. */
  private readonly isV6: Uint8Array;
  /** Per range: 1 for a network, 0 for a single address. */
  private readonly isNetwork: Uint8Array;
  private readonly bits: Uint32Array;

  constructor(readonly users: number) {
    const ranges = users * RANGES_PER_USER;
    this.isV6 = Uint8Array.from({ length: ranges }, () => below(2));
    this.isNetwork = Uint8Array.from({ length: ranges }, () => below(2));
    this.bits = Uint32Array.from({ length: ranges }, () => below(0x1_0000_0000));
  }

  /** 20 or 21 bytes: `app123456@acme42.test`. */
  username(user: number): string {
    return `app${String(user).padStart(6, '0')}@acme${(user * 7919) % 89}.test`;
  }

  /** Canonical. */
  ranges(user: number): string[] {
    return [0, 1, 2].map((k) => this.range(user * RANGES_PER_USER + k));
  }

  /** An address of one of the user's ranges, or one outside all of them. */
  address(user: number, inside: boolean): string {
    const range = user * RANGES_PER_USER + below(RANGES_PER_USER);
    const isV6 = this.isV6[range] === 1;
    if (!inside)
      return isV6 ? `2a02:db8:${hex(below(65536))}::${hex(1 + below(65535))}` : quad(0xe0000000 + below(0x0fffffff));
    if (this.isNetwork[range] === 0) return this.range(range);
    return this.range(range).replace(isV6 ? '::/64' : '0/24', isV6 ? `::${hex(1 + below(65535))}` : String(below(256)));
  }

  private range(range: number): string {
    const bits = this.bits[range] as number;
    const network = this.isNetwork[range] === 1;
    if (this.isV6[range] === 0) return network ? `${quad((bits & 0x7fffff00) >>> 0)}/24` : quad(bits & 0x7fffffff);
    const site = `2001:db8:${hex((bits >>> 16) | 1)}:${hex((bits & 0xffff) | 1)}`;
    return network ? `${site}::/64` : `${site}::${hex(1 + (bits % 65535))}`;
  }
}

const hex = (value: number): string => value.toString(16);
const quad = (v: number): string => `${v >>> 24}.${(v >>> 16) & 255}.${(v >>> 8) & 255}.${v & 255}`;
