import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, take, type Schema } from '../../api/client.js';

export type ListedUser = Schema<'SmtpUser'>;
export type Summary = Schema<'DenialSummary'>;
export type RefusingUser = Schema<'RefusingNow'>;
/** The API's filter by state. */
export type UserState = 'unrestricted' | 'restricted' | 'report-only' | 'expiring' | 'expired';

const PAGE = 50;
const REFRESHED_EVERY_MS = 15_000;
/** At most this many pages are loaded again at each refresh; a longer list is not refreshed. */
const PAGES_REFRESHED = 4;
/** At most this many users with refused logins are counted. */
export const MOST_REFUSING = 100;

const listOf = (tenantId: string, query: { query?: string; state?: UserState; cursor?: string }, signal: AbortSignal) =>
  take(
    api.GET('/v1/tenants/{tenantId}/smtp-users', {
      params: { path: { tenantId }, query: { ...query, limit: PAGE } },
      signal,
    }),
  );

/** By username. */
export const usersQuery = (tenantId: string, query: string | undefined, state: UserState | undefined) =>
  infiniteQueryOptions({
    queryKey: ['smtp-users', tenantId, query, state],
    queryFn: ({ pageParam, signal }) =>
      listOf(
        tenantId,
        { ...(query && { query }), ...(state && { state }), ...(pageParam && { cursor: pageParam }) },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: ({ state: { data } }) =>
      data && data.pages.length <= PAGES_REFRESHED ? REFRESHED_EVERY_MS : false,
    placeholderData: (shown) => shown,
  });

export const countsQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['smtp-users-counts', tenantId],
    queryFn: ({ signal }) =>
      take(api.GET('/v1/tenants/{tenantId}/smtp-users/counts', { params: { path: { tenantId } }, signal })),
    refetchInterval: REFRESHED_EVERY_MS,
  });

/** The SMTP users whose logins were refused in the last five minutes, newest first. */
export const refusingQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['refusing-now', tenantId],
    queryFn: ({ signal }) =>
      take(
        api.GET('/v1/tenants/{tenantId}/refusing-now', {
          params: { path: { tenantId }, query: { limit: MOST_REFUSING } },
          signal,
        }),
      ),
    refetchInterval: REFRESHED_EVERY_MS,
  });

/** Summaries of the denials of up to 100 SMTP users, by id. `since`: when today began in this time zone. */
export const summariesQuery = (tenantId: string, ids: readonly string[], since: string) =>
  queryOptions({
    queryKey: ['denial-summaries', tenantId, since, ids],
    queryFn: async ({ signal }) => {
      const query = { smtpUserIds: ids.join(','), since };
      const { items } = await take(
        api.GET('/v1/tenants/{tenantId}/denial-summaries', { params: { path: { tenantId }, query }, signal }),
      );
      return items;
    },
    enabled: ids.length > 0,
    refetchInterval: REFRESHED_EVERY_MS,
    placeholderData: (shown) => shown,
  });

export const registerSmtpUser = (tenantId: string, username: string): Promise<ListedUser> =>
  take(api.POST('/v1/tenants/{tenantId}/smtp-users', { params: { path: { tenantId } }, body: { username } }));
