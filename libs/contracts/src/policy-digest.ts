import type { RelayPolicy } from './relay-policy.js';
import { usernameKey } from './username.js';

/** 64 bits as two unsigned halves, so that a replica can keep millions of them in a typed array. */
export interface Digest64 {
  readonly high: number;
  readonly low: number;
}

export const EMPTY_DIGEST: Digest64 = { high: 0, low: 0 };

/**
 * The digest of one policy: FNV-1a, 64 bits, over the ASCII bytes of its canonical text.
 * A removed policy has the empty digest. Revisions are left out, so that a rebuilt read model compares equal.
 * Digests of sets are the XOR of their members': order does not matter, and one change costs two XORs.
 */
export function policyDigest(policy: RelayPolicy): Digest64 {
  return policy.removed ? EMPTY_DIGEST : fnv1a64(canonicalText(policy));
}

/** Fields by TAB, entries by LF: `username(lower) TAB smtpUserId TAB version TAB restricted(1|0) TAB mode { LF range TAB expiresAt }`. */
function canonicalText(p: RelayPolicy): string {
  let text = `${usernameKey(p.username)}\t${p.smtpUserId}\t${p.version}\t${p.restricted ? 1 : 0}\t${p.mode}`;
  for (const e of p.entries) text += `\n${e.range}\t${e.expiresAt ?? ''}`;
  return text;
}

export function xorDigest(a: Digest64, b: Digest64): Digest64 {
  return { high: (a.high ^ b.high) >>> 0, low: (a.low ^ b.low) >>> 0 };
}

/** 16 lower-case hex digits. */
export function digestToHex(d: Digest64): string {
  return d.high.toString(16).padStart(8, '0') + d.low.toString(16).padStart(8, '0');
}

export function digestFromHex(hex: string): Digest64 {
  return { high: Number.parseInt(hex.slice(0, 8), 16), low: Number.parseInt(hex.slice(8), 16) };
}

/** FNV-1a with 64 bits in 16-bit limbs: BigInt is some thirty times slower here. Prime 0x100000001b3, offset 0xcbf29ce484222325. */
export function fnv1a64(ascii: string): Digest64 {
  let h0 = 0x2325;
  let h1 = 0x8422;
  let h2 = 0x9ce4;
  let h3 = 0xcbf2;
  for (let i = 0; i < ascii.length; i++) {
    h0 ^= ascii.charCodeAt(i) & 0xff;
    // h * (2^40 + 0x1b3), modulo 2^64
    const l0 = h0 * 0x1b3;
    const l1 = h1 * 0x1b3 + (l0 >>> 16);
    const l2 = h2 * 0x1b3 + (h0 << 8) + (l1 >>> 16);
    const l3 = h3 * 0x1b3 + (h1 << 8) + (l2 >>> 16);
    h0 = l0 & 0xffff;
    h1 = l1 & 0xffff;
    h2 = l2 & 0xffff;
    h3 = l3 & 0xffff;
  }
  return { high: ((h3 << 16) | h2) >>> 0, low: ((h1 << 16) | h0) >>> 0 };
}
