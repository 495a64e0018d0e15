import { BlockList } from 'node:net';
import { parseRange } from '@postern/ip-ranges';

/** CIDRs and addresses, separated by commas. `why` is about the first invalid one. */
export function trustedProxies(text: string): BlockList | { readonly why: string } {
  const list = new BlockList();
  const items = text.split(',').map((item) => item.trim());
  for (const item of items.filter((item) => item !== '')) {
    const everybody = EVERYBODY.get(item);
    const range = parseRange(item);
    if (everybody) list.addSubnet(item.slice(0, -2), 0, everybody);
    else if (range.ok)
      list.addSubnet(
        range.value.text.split('/')[0] ?? '',
        range.value.prefix,
        range.value.family === 'IPv6' ? 'ipv6' : 'ipv4',
      );
    else if (range.code !== 'range-too-wide') return { why: range.detail };
    else return { why: `${item} has everybody in it: if that is meant, give ${[...EVERYBODY.keys()].join(' or ')}.` };
  }
  return list;
}

/** Not allowed in allow lists, but useful here, for example in a private network. */
const EVERYBODY: ReadonlyMap<string, 'ipv4' | 'ipv6'> = new Map([
  ['0.0.0.0/0', 'ipv4'],
  ['::/0', 'ipv6'],
]);
