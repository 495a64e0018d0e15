import { infiniteQueryOptions } from '@tanstack/react-query';
import { api, take } from '../api/client.js';

export interface ChangeFilters {
  readonly from?: string;
  readonly to?: string;
  /** Id or name of a key. */
  readonly actor?: string;
  /** The present or an earlier username of an SMTP user. */
  readonly username?: string;
}

const PAGE = 50;

/** Of a tenant, or of one of its SMTP users; newest first. */
export const changesQuery = (tenantId: string, smtpUserId: string | null, filters: ChangeFilters, limit = PAGE) =>
  infiniteQueryOptions({
    queryKey: ['changes', tenantId, smtpUserId, filters, limit],
    queryFn: ({ pageParam, signal }) => {
      const query = { ...filters, limit, ...(pageParam !== '' && { cursor: pageParam }) };
      return take(
        smtpUserId === null
          ? api.GET('/v1/tenants/{tenantId}/changes', { params: { path: { tenantId }, query }, signal })
          : api.GET('/v1/tenants/{tenantId}/smtp-users/{smtpUserId}/history', {
              params: { path: { tenantId, smtpUserId }, query },
              signal,
            }),
      );
    },
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
