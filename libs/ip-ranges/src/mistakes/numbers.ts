import ipaddr from 'ipaddr.js';
import type { FindMistake, Mistake, Wanted } from './mistake.js';

/** `2001:00db8::`: ipaddr.js and inet_pton refuse it too, others read it. */
export const longGroup: FindMistake = (text) => {
  if (!/(?:^|:)[0-9a-f]{5,}(?=[:/]|$)/i.test(text) || !text.includes(':')) return null;
  return {
    detail: 'a group has at most four hexadecimal digits.',
    meant: [text.replaceAll(/(^|:)0+(?=[0-9a-f]{1,4}(?:[:/]|$))/gi, '$1')],
  };
};

/**
 * IPv4 in the forms of `inet_aton`, alone or as the tail of an IPv6 address: they are refused because programs read them
 * differently (`010.0.0.1` is 8.0.0.1 to one and 10.0.0.1 to the next), and so would guard different doors.
 */
export const badNumbers: FindMistake = (text, wanted) => {
  const [, head = '', numbers, tail = ''] = /^(.*:)?([0-9a-fx.]+)(\/\d+)?$/i.exec(text) ?? [];
  if (numbers === undefined || (head !== '' && !numbers.includes('.'))) return null;
  const parts = numbers.split('.');
  if (parts.length > 4 || !parts.every((part) => /^(?:0x[0-9a-f]+|\d+)$/i.test(part))) return null;
  const found = inNumbers(parts, tail !== '', head === '' ? wanted : 'address');
  return found && { detail: found.detail, meant: found.meant.map((meant) => head + meant + tail) };
};

function inNumbers(parts: readonly string[], hasPrefix: boolean, wanted: Wanted): Mistake | null {
  if (parts.some((part) => /^0x/i.test(part))) {
    return { detail: 'hexadecimal IPv4 is not accepted; give four decimal numbers.', meant: asInetAton(parts) };
  }
  if (parts.some((part) => /^0\d/.test(part))) {
    const detail = 'leading zeros are not accepted: some programs read them as octal, others as decimal.';
    return { detail, meant: [parts.map((part) => part.replace(/^0+(?=\d)/, '')).join('.'), ...asInetAton(parts)] };
  }
  if (parts.length < 4) {
    const padded = [...parts, '0', '0', '0'].slice(0, 4).join('.');
    const network = hasPrefix ? padded : `${padded}/${parts.length * 8}`;
    const detail = 'an IPv4 address is four decimal numbers from 0 to 255 with dots between them.';
    return { detail, meant: [...(hasPrefix ? [] : asInetAton(parts)), ...(wanted === 'range' ? [network] : [])] };
  }
  return parts.some((part) => Number(part) > 255) ? { detail: 'each number is at most 255.', meant: [] } : null;
}

/** What `inet_aton`, and so ipaddr.js, makes of it; nothing where it refuses, or for a number so small that none meant it so. */
function asInetAton(parts: readonly string[]): string[] {
  const text = parts.join('.');
  if (parts.length === 1 && Number(text) <= 0xffffff) return [];
  return ipaddr.IPv4.isValid(text) ? [ipaddr.IPv4.parse(text).toString()] : [];
}
