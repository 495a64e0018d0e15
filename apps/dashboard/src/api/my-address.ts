import { queryOptions } from '@tanstack/react-query';
import { api, take } from './client.js';

/** The address from which this browser reaches Postern. */
export const myAddressQuery = queryOptions({
  queryKey: ['my-ip'],
  queryFn: ({ signal }) => take(api.GET('/v1/my-ip', { signal, headers: { accept: 'application/json' } })),
  staleTime: 60_000,
});
