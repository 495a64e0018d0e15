import type { Schema } from '../api/client.js';

export type Denial = Schema<'Denial'>;
export type DeniedIp = Schema<'DeniedIp'>;
export type DenialReason = Denial['reason'];

export const REASONS: Readonly<Record<DenialReason, string>> = {
  'ip-not-authorized': 'Not on the list',
  'no-live-entry': 'All entries expired',
  'source-ip-invalid': 'No valid address',
};
export const REASON_CODES = Object.keys(REASONS) as DenialReason[];

export const EXPLAINED: Readonly<Record<DenialReason, string>> = {
  'ip-not-authorized': 'the right password, from an address that is not on the list',
  'no-live-entry': 'the right password, but every entry of the list has expired',
  'source-ip-invalid': 'the relay sent no valid source address: check its configuration',
};

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** *mx1*, *mx1 and mx2*, *mx1, mx2 and 3 more*. */
export function listed(names: readonly string[], shown = 3): string {
  const [first = '', ...others] = names.slice(0, names.length > shown ? shown - 1 : shown);
  const rest = names.length > shown ? [...others, `${names.length - shown + 1} more`] : others;
  const last = rest.pop();
  return last === undefined ? first : `${[first, ...rest].join(', ')} and ${last}`;
}
