import { api, take } from '../../api/client.js';
import { listQuery } from '../../api/list-query.js';

export const tenantsQuery = listQuery(['tenants'], 500, (query, signal) =>
  take(api.GET('/v1/tenants', { params: { query }, signal })),
);
