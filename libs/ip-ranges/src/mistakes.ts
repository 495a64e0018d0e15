import ipaddr from 'ipaddr.js';
import { canonicalAddress } from './address.js';
import { readIpv4 } from './read.js';

export type Wanted = 'address' | 'range';

export interface Mistake {
  readonly detail: string;
  /** What may have been meant, the likeliest first; it may contain other mistakes. */
  readonly meant: readonly string[];
}

type FindMistake = (text: string, form: Wanted) => Mistake | null;

const found = (detail: string, ...meant: readonly string[]): Mistake => ({ detail, meant });

const missing: FindMistake = (text) => (text === '' ? found('nothing was given.') : null);

/** Full-width digits, no-break and zero-width spaces: they arrive with a paste and are invisible. */
const nonAsciiCharacters: FindMistake = (text) => {
  if (/^[\t\n\r\x20-\x7e]*$/.test(text)) return null;
  const plain = text.normalize('NFKC').replace(/[\p{Cf}\p{Cc}\p{Zs}]/gu, ' ');
  const meant = [plain.trim(), plain.replaceAll(' ', '')].filter((meant) => /^[\x20-\x7e]+$/.test(meant));
  return found('only plain ASCII digits, letters and signs are accepted.', ...meant);
};

const severalAtOnce: FindMistake = (text) =>
  /[,;]/.test(text) ? found('one address or range at a time, without a comma or semicolon.') : null;

const whiteSpace: FindMistake = (text) => {
  if (!/\s/.test(text)) return null;
  const meant = text.trim().replace(/\s*\/\s*/, '/');
  // `203.0.113.0 255.255.255.0`, as in routers
  const networkAndMask = meant.replace(/\s+(?=255\.)/, '/');
  return found('white space is not accepted.', ...[networkAndMask].filter((meant) => !/\s/.test(meant)));
};

/** The tag of an SMTP address literal, `[IPv6:2001:db8::1]` (RFC 5321, section 4.1.3). */
const literalTag: FindMistake = (text) => {
  const [tag] = /^\[?IPv6:/i.exec(text) ?? [];
  return tag === undefined
    ? null
    : found('give the address without the tag IPv6:.', text.slice(tag.length).replace(/\]$/, ''));
};

const bracketsAndPort: FindMistake = (text) => {
  const [, bracketed, port, rest = ''] = /^\[([^[\]]*)\](:\d{1,5})?(.*)$/.exec(text) ?? [];
  if (bracketed !== undefined)
    return found(`give the address without brackets${port ? ' and without a port' : ''}.`, bracketed + rest);
  const [, address] = /^([^:]*\.[^:]*):\d{1,5}$/.exec(text) ?? [];
  return address === undefined ? null : found('give the address without a port.', address);
};

/** RFC 4007: a zone names an interface of one machine. */
const zone: FindMistake = (text) =>
  text.includes('%') ? found('a zone (%…) is not part of an address.', text.replace(/%[^/]*/, '')) : null;

/** `203.0.113.0-203.0.113.255`, or with only the last octet repeated: `203.0.113.0-255`. */
const span: FindMistake = (text) => {
  const [, from, to] = /^([\d.]+)-([\d.]+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) return null;
  const first = toNumber(from);
  const last = toNumber(to.includes('.') ? to : from.slice(0, from.lastIndexOf('.') + 1) + to);
  const size = first === null || last === null ? 0 : last - first + 1;
  const prefix = 32 - Math.log2(size);
  const isOneRange = first !== null && size > 0 && Number.isInteger(prefix) && first % size === 0;
  return found('give a span as a range with a prefix length.', ...(isOneRange ? [`${toText(first)}/${prefix}`] : []));
};

function toNumber(text: string): number | null {
  return readIpv4(text)?.reduce((sum, byte) => sum * 256 + byte, 0) ?? null;
}

function toText(address: number): string {
  return canonicalAddress(Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address));
}

const wildcard: FindMistake = (text, form) => {
  if (!text.includes('*')) return null;
  const [, fixed] = /^((?:\d{1,3}\.){1,3})\*(?:\.\*)*$/.exec(text) ?? [];
  const octets = fixed?.split('.').slice(0, -1);
  const network = octets && form === 'range' ? [`${padded(octets)}/${octets.length * 8}`] : [];
  return found('wildcards are not accepted; give a range with a prefix length.', ...network);
};

function padded(octets: readonly string[]): string {
  return [...octets, '0', '0', '0'].slice(0, 4).join('.');
}

const prefixNotWanted: FindMistake = (text, form) =>
  form === 'address' && text.includes('/')
    ? found('a single address has no prefix length.', text.slice(0, text.indexOf('/')))
    : null;

const dottedMask: FindMistake = (text) => {
  const [, address, mask] = /^([^/]*)\/(\d+(?:\.\d+){3})$/.exec(text) ?? [];
  if (address === undefined || mask === undefined) return null;
  const prefix = readIpv4(mask) === null ? null : ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask();
  return found(
    'give the prefix length instead of a dotted mask.',
    ...(prefix === null ? [] : [`${address}/${prefix}`]),
  );
};

/** The text after the slash is not an integer in range without sign and leading zeros. */
const prefixNumber: FindMistake = (text) => {
  const [, address, prefix] = /^([^/]*)\/(.*)$/s.exec(text) ?? [];
  if (address === undefined || prefix === undefined) return null;
  if (prefix === '') return found('the prefix length after the slash is missing.', address);
  const longest = address.includes(':') ? 128 : 32;
  const [, sign, zeros, digits] = /^([+-]?)(0*)(\d+)$/.exec(prefix) ?? [];
  if (digits === undefined) return found(`the prefix length is a whole number from 1 to ${longest}.`);
  if (sign) return found('the prefix length has no sign.', ...(sign === '+' ? [`${address}/${zeros}${digits}`] : []));
  if (zeros) return found('the prefix length has no leading zeros.', `${address}/${digits}`);
  return Number(digits) > longest ? found(`the prefix length is at most ${longest}.`) : null;
};

/** `2001:00db8::`: ipaddr.js and inet_pton refuse it too; other programs accept it. */
const longGroup: FindMistake = (text) =>
  text.includes(':') && /(?:^|:)[0-9a-f]{5,}(?=[:/]|$)/i.test(text)
    ? found(
        'a group has at most four hexadecimal digits.',
        text.replaceAll(/(^|:)0+(?=[0-9a-f]{1,4}(?:[:/]|$))/gi, '$1'),
      )
    : null;

/** Forms of `inet_aton`, which programs read differently: `010.0.0.1` is 8.0.0.1 or 10.0.0.1. */
const badNumbers: FindMistake = (text, form) => {
  const [, head = '', numbers, tail = ''] = /^(.*:)?([0-9a-fx.]+)(\/\d+)?$/i.exec(text) ?? [];
  if (numbers === undefined || (head !== '' && !numbers.includes('.'))) return null;
  const parts = numbers.split('.');
  if (parts.length > 4 || !parts.every((part) => /^(?:0x[0-9a-f]+|\d+)$/i.test(part))) return null;
  const mistake = inNumbers(parts, tail !== '', head === '' ? form : 'address');
  return mistake && found(mistake.detail, ...mistake.meant.map((meant) => head + meant + tail));
};

function inNumbers(parts: readonly string[], hasPrefix: boolean, form: Wanted): Mistake | null {
  if (parts.some((part) => /^0x/i.test(part)))
    return found('hexadecimal IPv4 is not accepted; give four decimal numbers.', ...asInetAton(parts));
  if (parts.some((part) => /^0\d/.test(part)))
    return found(
      'leading zeros are not accepted: some programs read them as octal, others as decimal.',
      parts.map((part) => part.replace(/^0+(?=\d)/, '')).join('.'),
      ...asInetAton(parts),
    );
  if (parts.length < 4) {
    const network = hasPrefix ? padded(parts) : `${padded(parts)}/${parts.length * 8}`;
    return found(
      'an IPv4 address is four decimal numbers from 0 to 255 with dots between them.',
      ...(hasPrefix ? [] : asInetAton(parts)),
      ...(form === 'range' ? [network] : []),
    );
  }
  return parts.some((part) => Number(part) > 255) ? found('each number is at most 255.') : null;
}

/** The reading of `inet_aton` and ipaddr.js; nothing if they refuse it, or the number is too small to be meant so. */
function asInetAton(parts: readonly string[]): string[] {
  const text = parts.join('.');
  if (parts.length === 1 && Number(text) <= 0xffffff) return [];
  return ipaddr.IPv4.isValid(text) ? [ipaddr.IPv4.parse(text).toString()] : [];
}

/** The outermost first: each may rely on the earlier ones being corrected. */
export const MISTAKES: readonly FindMistake[] = [
  missing,
  nonAsciiCharacters,
  severalAtOnce,
  whiteSpace,
  literalTag,
  bracketsAndPort,
  zone,
  span,
  wildcard,
  prefixNotWanted,
  dottedMask,
  prefixNumber,
  longGroup,
  badNumbers,
];
