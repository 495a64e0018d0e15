import { queryOptions } from '@tanstack/react-query';
import { api, take, type Schema } from './client.js';

interface SeenAddress extends Pick<Schema<'MyIp'>, 'ip' | 'family'> {
  /** When this tab last reached Postern from it; ms since 1970. */
  readonly seenAt: number;
}

const KEY = 'postern:my-addresses';
/** An address of an hour ago may be somebody else's. */
const REMEMBERED_MS = 3_600_000;

/** The addresses from which this tab reaches Postern, the current one first. The other family's is known once a connection has used it. */
export const myAddressesQuery = queryOptions({
  queryKey: ['my-ip'],
  queryFn: async ({ signal }): Promise<readonly SeenAddress[]> => {
    const current = await take(api.GET('/v1/my-ip', { signal, headers: { accept: 'application/json' } }));
    const seenAt = Date.now();
    const earlier = remembered().filter((one) => one.family !== current.family && seenAt - one.seenAt < REMEMBERED_MS);
    const addresses = [{ ...current, seenAt }, ...earlier];
    try {
      sessionStorage.setItem(KEY, JSON.stringify(addresses));
    } catch {
      // No storage: only the current address is known.
    }
    return addresses;
  },
  staleTime: 60_000,
});

function remembered(): SeenAddress[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as SeenAddress[];
  } catch {
    return [];
  }
}
