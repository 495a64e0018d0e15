import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, take } from '../api/client.js';
import type { Interval } from '../ui/BarsOverTime.js';
import type { DenialReason } from './words.js';

/** What a list of denials is filtered by; times in RFC 3339. */
export interface DenialFilters {
  readonly from?: string;
  readonly to?: string;
  readonly ip?: string;
  readonly username?: string;
  readonly relay?: string;
  readonly reason?: DenialReason;
  readonly refused?: 'true' | 'false';
}

export interface UserPath {
  readonly tenantId: string;
  readonly smtpUserId: string;
}

const PAGE = 100;
/** One page of denied addresses shows the neighbours of an address. */
const NEIGHBOURS = 500;
const cursorOf = (cursor: string) => (cursor === '' ? {} : { cursor });

/** The denials of a tenant, newest first. */
export const denialsQuery = (tenantId: string, filters: DenialFilters) =>
  infiniteQueryOptions({
    queryKey: ['denials', tenantId, filters],
    queryFn: ({ pageParam, signal }) => {
      const params = { path: { tenantId }, query: { ...filters, limit: PAGE, ...cursorOf(pageParam) } };
      return take(api.GET('/v1/tenants/{tenantId}/denials', { params, signal }));
    },
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });

/** How many logins were denied over time; of one SMTP user, or of the tenant. */
export const histogramQuery = (
  { tenantId, smtpUserId }: Partial<UserPath> & Pick<UserPath, 'tenantId'>,
  interval: Interval,
  filters: DenialFilters & { readonly from: string; readonly to: string },
) =>
  queryOptions({
    queryKey: ['denials-histogram', tenantId, smtpUserId, interval, filters],
    queryFn: ({ signal }) => {
      const params = { path: { tenantId }, query: { ...filters, interval, ...(smtpUserId && { smtpUserId }) } };
      return take(api.GET('/v1/tenants/{tenantId}/denials/histogram', { params, signal }));
    },
  });

/** A client that is refused tries again, with growing pauses: what was refused an hour ago is refused now. */
const RECENT_MS = 3_600_000;
/** So many of them are loaded. */
export const RECENT = 500;

/** The newest logins of an SMTP user that were refused in the last hour. */
export const recentRefusalsQuery = ({ tenantId, smtpUserId }: UserPath) =>
  queryOptions({
    queryKey: ['recent-refusals', tenantId, smtpUserId],
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - RECENT_MS).toISOString();
      const params = { path: { tenantId, smtpUserId }, query: { from, refused: 'true', limit: RECENT } } as const;
      return take(api.GET('/v1/tenants/{tenantId}/smtp-users/{smtpUserId}/denials', { params, signal }));
    },
    refetchInterval: 60_000,
  });

/** The addresses from which an SMTP user was denied, the latest first. */
export const deniedIpsQuery = ({ tenantId, smtpUserId }: UserPath) =>
  infiniteQueryOptions({
    queryKey: ['denied-ips', tenantId, smtpUserId],
    queryFn: ({ pageParam, signal }) => {
      const params = { path: { tenantId, smtpUserId }, query: { limit: NEIGHBOURS, ...cursorOf(pageParam) } };
      return take(api.GET('/v1/tenants/{tenantId}/smtp-users/{smtpUserId}/denied-ips', { params, signal }));
    },
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
