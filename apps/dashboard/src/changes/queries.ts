import { api, take } from '../api/client.js';
import { listQuery } from '../api/list-query.js';

export interface ChangeFilters {
  readonly from?: string;
  readonly to?: string;
  /** Id or name of a key. */
  readonly actor?: string;
  /** The present or an earlier username of an SMTP user. */
  readonly username?: string;
}

const PAGE = 50;

export const changesQuery = (tenantId: string, filters: ChangeFilters) =>
  listQuery(['changes', tenantId, filters], PAGE, (page, signal) => {
    const params = { path: { tenantId }, query: { ...filters, ...page } };
    return take(api.GET('/v1/tenants/{tenantId}/changes', { params, signal }));
  });

export const historyQuery = (tenantId: string, smtpUserId: string) =>
  listQuery(['history', tenantId, smtpUserId], PAGE, (page, signal) => readHistory(tenantId, smtpUserId, page, signal));

export const readHistory = (
  tenantId: string,
  smtpUserId: string,
  query: { readonly limit: number; readonly cursor?: string },
  signal: AbortSignal,
) => {
  const params = { path: { tenantId, smtpUserId }, query };
  return take(api.GET('/v1/tenants/{tenantId}/smtp-users/{smtpUserId}/history', { params, signal }));
};
