import { neighbourhood, parseAddress, rangeOf } from '@postern/ip-ranges';
import { addressesIn } from '../pages/smtp-user/editor/addresses-in.js';
import { isIn } from './refusals.js';
import type { DeniedIp } from './words.js';

export interface AllowChoice {
  readonly range: string;
  readonly forOneDay: boolean;
  readonly detail: string;
}

/** An entry would let in everybody behind the platform's proxy. */
export type AllowChoices = readonly AllowChoice[] | 'looks-like-proxy';

/**
 * For a denied address: itself, itself for one day, its network (IPv4 /24, IPv6 /64), and the API's suggestions. Nothing for other text.
 * @param loaded the denied addresses of the SMTP user; undefined while they are loaded
 */
export function allowChoices(ip: string, loaded: readonly DeniedIp[] | undefined): AllowChoices {
  const address = parseAddress(ip);
  if (!address.ok) return [];
  const denied = loaded ?? [];
  const itself = denied.find((each) => each.ip === address.value.text);
  if (itself?.looksLikeProxy) return 'looks-like-proxy';
  const range = rangeOf(address.value).text;
  const wide = neighbourhood(address.value);
  const suggested = itself?.suggestedEntries ?? [];
  const inside = denied.filter((other) => isIn(wide.text, other.ip));
  const covers = suggested.find((each) => each.range === wide.text)?.covers ?? Math.max(inside.length, 1);
  const proxyInside = inside.some(({ looksLikeProxy }) => looksLikeProxy);
  const others = suggested.filter((each) => each.range !== range && each.range !== wide.text);
  return [
    { range, forOneDay: false, detail: 'only this address' },
    { range, forOneDay: true, detail: 'then it is refused again' },
    ...(proxyInside
      ? []
      : [{ range: wide.text, forOneDay: false, detail: addressesIn(wide) + (loaded ? neighbours(covers) : '') }]),
    ...others.map(({ range: other, why }) => ({ range: other, forOneDay: false, detail: why })),
  ];
}

function neighbours(covers: number): string {
  return covers > 1
    ? `, ${covers.toLocaleString('en')} addresses in it were denied`
    : ', no other address in it was denied';
}
