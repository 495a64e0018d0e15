import ipaddr from 'ipaddr.js';
import { readIpv4 } from '../read-ipv4.js';
import type { FindMistake } from './mistake.js';

export const prefixNotWanted: FindMistake = (text, wanted) => {
  const slash = text.indexOf('/');
  if (wanted === 'range' || slash === -1) return null;
  return { detail: 'a single address has no prefix length.', meant: [text.slice(0, slash)] };
};

/** `203.0.113.0/255.255.255.0` */
export const dottedMask: FindMistake = (text) => {
  const [, address, mask] = /^([^/]*)\/(\d+(?:\.\d+){3})$/.exec(text) ?? [];
  if (address === undefined || mask === undefined) return null;
  const prefix = readIpv4(mask) === null ? null : ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask();
  return {
    detail: 'give the prefix length instead of a dotted mask.',
    meant: prefix === null ? [] : [`${address}/${prefix}`],
  };
};

/** What stands after the slash is not a whole number without sign and leading zeros, in range. */
export const prefixNumber: FindMistake = (text) => {
  const slash = text.indexOf('/');
  if (slash === -1) return null;
  const address = text.slice(0, slash);
  const prefix = text.slice(slash + 1);
  if (prefix === '') return { detail: 'the prefix length after the slash is missing.', meant: [address] };
  const longest = address.includes(':') ? 128 : 32;
  const [, sign, zeros, digits] = /^([+-]?)(0*)(\d+)$/.exec(prefix) ?? [];
  if (digits === undefined) return { detail: `the prefix length is a whole number from 1 to ${longest}.`, meant: [] };
  if (sign)
    return { detail: 'the prefix length has no sign.', meant: sign === '+' ? [`${address}/${zeros}${digits}`] : [] };
  if (zeros) return { detail: 'the prefix length has no leading zeros.', meant: [`${address}/${digits}`] };
  return Number(digits) > longest ? { detail: `the prefix length is at most ${longest}.`, meant: [] } : null;
};
