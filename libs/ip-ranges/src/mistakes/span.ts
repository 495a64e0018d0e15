import { canonicalAddress } from '../canonical-text.js';
import { readIpv4 } from '../read-ipv4.js';
import type { FindMistake } from './mistake.js';

/** `203.0.113.0-203.0.113.255`, or with only the last octet repeated: `203.0.113.0-255`. */
export const span: FindMistake = (text) => {
  const [, from, to] = /^([\d.]+)-([\d.]+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) return null;
  const first = toNumber(from);
  const last = toNumber(to.includes('.') ? to : from.slice(0, from.lastIndexOf('.') + 1) + to);
  const size = first === null || last === null ? 0 : last - first + 1;
  const prefix = 32 - Math.log2(size);
  const isOneRange = first !== null && size > 0 && Number.isInteger(prefix) && first % size === 0;
  return {
    detail: 'give a span as a range with a prefix length.',
    meant: isOneRange ? [`${toText(first)}/${prefix}`] : [],
  };
};

/** `203.0.113.*` */
export const wildcard: FindMistake = (text, wanted) => {
  if (!text.includes('*')) return null;
  const detail = 'wildcards are not accepted; give a range with a prefix length.';
  const [, fixed] = /^((?:\d{1,3}\.){1,3})\*(?:\.\*)*$/.exec(text) ?? [];
  if (fixed === undefined || wanted === 'address') return { detail, meant: [] };
  const octets = fixed.split('.').slice(0, -1);
  return { detail, meant: [`${[...octets, '0', '0', '0'].slice(0, 4).join('.')}/${octets.length * 8}`] };
};

function toNumber(text: string): number | null {
  const bytes = readIpv4(text);
  return bytes === null ? null : bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

function toText(address: number): string {
  return canonicalAddress(Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address));
}
