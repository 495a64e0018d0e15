import { queryOptions } from '@tanstack/react-query';
import { api, take, type Schema } from '../../../api/client.js';
import { listQuery } from '../../../api/list-query.js';
import type { SmtpUser, SmtpUserRef } from '../smtp-user.js';

export type Source = Schema<'Source'>;
export type UsedEntry = Schema<'UsedEntry'>;
/** What figures of logins do not count. */
export type Coverage = Pick<Schema<'SourceHistogram'>, 'since' | 'silentRelays' | 'notKept'>;
export type PreviewedChange = Omit<Schema<'PreviewRestrictionRequest'>, 'days'>;

const USER = '/v1/tenants/{tenantId}/smtp-users/{smtpUserId}';
const PAGE = 100;
/** The API's limit; a restriction has at most 1,000 entries. */
const ENTRIES_PER_PAGE = 500;

/** The latest first. */
export const sourcesQuery = ({ tenantId, id: smtpUserId }: SmtpUserRef) =>
  listQuery(['sources', tenantId, smtpUserId], PAGE, (query, signal) =>
    take(api.GET(`${USER}/sources`, { params: { path: { tenantId, smtpUserId }, query }, signal })),
  );

export const sourceHistogramQuery = ({ tenantId, id: smtpUserId }: SmtpUserRef, days: number) =>
  queryOptions({
    queryKey: ['sources-histogram', tenantId, smtpUserId, days],
    queryFn: ({ signal }) => {
      const params = { path: { tenantId, smtpUserId }, query: { days } };
      return take(api.GET(`${USER}/sources/histogram`, { params, signal }));
    },
  });

export const readSuggestion = ({ tenantId, id: smtpUserId }: SmtpUserRef) =>
  take(api.GET(`${USER}/restriction/suggestion`, { params: { path: { tenantId, smtpUserId } } }));

/** What each entry let in, by its id. Empty if no relay reports logins. */
export const usedEntriesQuery = ({ tenantId, id: smtpUserId }: SmtpUserRef) =>
  queryOptions({
    queryKey: ['used-entries', tenantId, smtpUserId],
    queryFn: async ({ signal }) => {
      const used = new Map<string, UsedEntry>();
      for (let cursor: string | undefined; ;) {
        const query = { smtpUserId, limit: ENTRIES_PER_PAGE, ...(cursor !== undefined && { cursor }) };
        const params = { path: { tenantId }, query };
        const page = await take(api.GET('/v1/tenants/{tenantId}/entries', { params, signal }));
        if (page.since !== null) for (const item of page.items) used.set(item.entry.id, item);
        if (page.nextCursor === null) return used;
        cursor = page.nextCursor;
      }
    },
  });

export const previewQuery = ({ tenantId, id: smtpUserId, restriction }: SmtpUser, change: PreviewedChange) =>
  queryOptions({
    queryKey: ['preview', tenantId, smtpUserId, restriction.version, change],
    queryFn: ({ signal }) =>
      take(
        api.POST(`${USER}/restriction/preview`, {
          params: { path: { tenantId, smtpUserId } },
          body: { ...change, days: 30 },
          signal,
        }),
      ),
    staleTime: 30_000,
    placeholderData: (before) => before,
  });
