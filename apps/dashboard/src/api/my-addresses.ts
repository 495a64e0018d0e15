import { queryOptions } from '@tanstack/react-query';
import { api, take, type Schema } from './client.js';

type Family = Schema<'MyIp'>['family'];
export interface MyAddress {
  readonly ip: string;
  readonly family: Family;
  /** When a connection of this tab last came from it; ms since 1970. */
  readonly seenAt: number;
}

const KEY = 'postern:my-addresses';
/** An address of an hour ago may be somebody else's. */
const REMEMBERED_MS = 3_600_000;

/** This browser's addresses, the latest first. The other family's is known only if an earlier connection of this tab used it. */
export const myAddressesQuery = queryOptions({
  queryKey: ['my-ip'],
  queryFn: async ({ signal }) => {
    const mine = await take(api.GET('/v1/my-ip', { signal, headers: { accept: 'application/json' } }));
    const addresses = seenNow({ ...mine, seenAt: Date.now() }, remembered());
    try {
      sessionStorage.setItem(KEY, JSON.stringify(addresses));
    } catch {
      // No storage: only the present address is known.
    }
    return addresses;
  },
  staleTime: 60_000,
});

/** The present address, then the other family's if it was seen within an hour. */
function seenNow(mine: MyAddress, before: readonly MyAddress[]): readonly MyAddress[] {
  const isOther = ({ family, seenAt }: MyAddress) => family !== mine.family && mine.seenAt - seenAt < REMEMBERED_MS;
  return [mine, ...before.filter(isOther)];
}

function remembered(): MyAddress[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as MyAddress[];
  } catch {
    return [];
  }
}
