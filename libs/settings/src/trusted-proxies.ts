import { BlockList } from 'node:net';
import { parseRange, type IpRange } from '@postern/ip-ranges';

/** Reads a list of CIDRs and addresses separated by commas; `why` says what is wrong with the first that is neither. */
export function trustedProxies(text: string): BlockList | { readonly why: string } {
  const list = new BlockList();
  for (const item of text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')) {
    const everybody = EVERYBODY.get(item);
    const range = parseRange(item);
    if (everybody) list.addSubnet(item.slice(0, -2), 0, everybody);
    else if (range.ok) addRange(list, range.value);
    else return { why: range.code === 'range-too-wide' ? tooWide(item) : range.detail };
  }
  return list;
}

/** No allow list may have these, but proxies may be anywhere, as in a network where nobody else gets in. */
const EVERYBODY: ReadonlyMap<string, 'ipv4' | 'ipv6'> = new Map([
  ['0.0.0.0/0', 'ipv4'],
  ['::/0', 'ipv6'],
]);

function addRange(list: BlockList, { text, prefix, family }: IpRange): void {
  list.addSubnet(text.split('/')[0] ?? '', prefix, family === 'IPv6' ? 'ipv6' : 'ipv4');
}

function tooWide(item: string): string {
  return `${item} has everybody in it: if that is meant, give ${[...EVERYBODY.keys()].join(' or ')}.`;
}
