import { queryOptions } from '@tanstack/react-query';
import { api, take } from '../api/client.js';
import { listQuery } from '../api/list-query.js';
import type { SmtpUserRef } from '../pages/smtp-user/smtp-user.js';
import type { Interval } from '../ui/BarsOverTime.js';
import type { DenialReason } from './words.js';

/** Times in RFC 3339. */
export interface DenialFilters {
  readonly from?: string;
  readonly to?: string;
  readonly ip?: string;
  readonly username?: string;
  readonly relay?: string;
  readonly reason?: DenialReason;
  readonly refused?: 'true' | 'false';
}

const PAGE = 100;
/** One page of denied addresses, which includes the neighbours of an address. */
const NEIGHBOURS = 500;

/** Newest first. */
export const denialsQuery = (tenantId: string, filters: DenialFilters) =>
  listQuery(['denials', tenantId, filters], PAGE, (page, signal) => {
    const params = { path: { tenantId }, query: { ...filters, ...page } };
    return take(api.GET('/v1/tenants/{tenantId}/denials', { params, signal }));
  });

export const histogramQuery = (
  { tenantId, smtpUserId }: { readonly tenantId: string; readonly smtpUserId?: string },
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

/** The latest first. */
export const deniedIpsQuery = ({ tenantId, id: smtpUserId }: SmtpUserRef) =>
  listQuery(['denied-ips', tenantId, smtpUserId], NEIGHBOURS, (query, signal) => {
    const params = { path: { tenantId, smtpUserId }, query };
    return take(api.GET('/v1/tenants/{tenantId}/smtp-users/{smtpUserId}/denied-ips', { params, signal }));
  });
