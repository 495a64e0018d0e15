import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, take, type Schema } from '../../api/client.js';
import { listQuery } from '../../api/list-query.js';

export type ListedUser = Schema<'SmtpUser'>;
export type Summary = Schema<'DenialSummary'>;
export type RefusingUser = Schema<'RefusingNow'>;
export type UserState = 'unrestricted' | 'restricted' | 'report-only' | 'expiring' | 'expired';

export const PAGE = 50;
const REFRESHED_EVERY_MS = 15_000;
/** At most this many pages are loaded again at each refresh; a longer list is not refreshed. */
const PAGES_REFRESHED = 4;
/** At most this many users with refused logins are counted. */
export const MOST_REFUSING = 100;

/** By username. */
export const usersQuery = (tenantId: string, query: string | undefined, state: UserState | undefined) =>
  infiniteQueryOptions({
    ...listQuery(['smtp-users', tenantId, query, state], PAGE, (page, signal) => {
      const params = { path: { tenantId }, query: { ...(query && { query }), ...(state && { state }), ...page } };
      return take(api.GET('/v1/tenants/{tenantId}/smtp-users', { params, signal }));
    }),
    refetchInterval: ({ state: { data } }) =>
      data && data.pages.length <= PAGES_REFRESHED ? REFRESHED_EVERY_MS : false,
    placeholderData: keepPreviousData,
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
    placeholderData: keepPreviousData,
  });

export const registerSmtpUser = (tenantId: string, username: string): Promise<ListedUser> =>
  take(api.POST('/v1/tenants/{tenantId}/smtp-users', { params: { path: { tenantId } }, body: { username } }));
