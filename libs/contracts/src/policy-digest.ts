import type { RelayPolicy } from './relay-policy.js';
import { usernameKey } from './ids.js';

/** 64 bits as two unsigned halves, so that a replica can keep millions of them in a typed array. */
export interface Digest64 {
  readonly high: number;
  readonly low: number;
}

export const EMPTY_DIGEST: Digest64 = { high: 0, low: 0 };

/** FNV-1a, 64 bits, of the canonical text, without the revision: a rebuilt read model has the same digest. A set's digest is the XOR of its members'. */
export function policyDigest(policy: RelayPolicy): Digest64 {
  return policy.removed ? EMPTY_DIGEST : fnv1a64(canonicalText(policy));
}

/** Fields by TAB, entries by LF: `username(lower) smtpUserId version restricted(1|0) mode enforceAt { LF range TAB expiresAt }`. */
function canonicalText(p: RelayPolicy): string {
  let text = `${usernameKey(p.username)}\t${p.smtpUserId}\t${p.version}\t${p.restricted ? 1 : 0}\t${p.mode}\t${p.enforceAt ?? ''}`;
  for (const e of p.entries) text += `\n${e.range}\t${e.expiresAt ?? ''}`;
  return text;
}

export function xorDigest(a: Digest64, b: Digest64): Digest64 {
  return { high: (a.high ^ b.high) >>> 0, low: (a.low ^ b.low) >>> 0 };
}

export function digestToHex(d: Digest64): string {
  return d.high.toString(16).padStart(8, '0') + d.low.toString(16).padStart(8, '0');
}

export function digestFromHex(hex: string): Digest64 {
  return { high: Number.parseInt(hex.slice(0, 8), 16), low: Number.parseInt(hex.slice(8), 16) };
}

/** FNV-1a, 64 bits, prime 0x100000001b3. In two halves, because BigInt is about thirty times slower here. */
export class Fnv1a64 implements Digest64 {
  high = 0xcbf29ce4;
  low = 0x84222325;

  reset(): this {
    this.high = 0xcbf29ce4;
    this.low = 0x84222325;
    return this;
  }

  update(bytes: Uint8Array, from: number, to: number): this {
    let high = this.high | 0;
    let low = this.low | 0;
    for (let i = from; i < to; i++) {
      low ^= bytes[i] as number;
      // h * (2^40 + 0x1b3), modulo 2^64: the product of the low half carries into the high one.
      const carry = ((low >>> 16) * 0x1b3 + (((low & 0xffff) * 0x1b3) >>> 16)) >>> 16;
      high = (Math.imul(high, 0x1b3) + ((low << 8) + carry)) | 0;
      low = Math.imul(low, 0x1b3);
    }
    this.high = high >>> 0;
    this.low = low >>> 0;
    return this;
  }
}

export function fnv1a64(ascii: string): Digest64 {
  return new Fnv1a64().update(Buffer.from(ascii, 'latin1'), 0, ascii.length);
}
