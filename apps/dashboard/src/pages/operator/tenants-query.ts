import { infiniteQueryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client.js';

const PAGE = 100;

export const tenantsQuery = infiniteQueryOptions({
  queryKey: ['tenants', 'list'],
  queryFn: ({ pageParam, signal }) =>
    take(
      api.GET('/v1/tenants', { params: { query: { limit: PAGE, ...(pageParam && { cursor: pageParam }) } }, signal }),
    ),
  initialPageParam: '',
  getNextPageParam: ({ nextCursor }) => nextCursor,
});
