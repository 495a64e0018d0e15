import { Query } from '@nestjs/cqrs';
import type { DenialReason, TenantId } from '@postern/contracts';
import type { Page, PageRequest } from '@postern/lists';
import type { Period } from './denied-ip-record.js';
import type { SuggestedEntry } from './suggest-entries.js';

/** An address from which an SMTP user was denied, as the HTTP API shows it. */
export interface DeniedIp {
  readonly ip: string;
  /** Logins. */
  readonly count: number;
  readonly firstDeniedAt: string;
  readonly lastDeniedAt: string;
  readonly relays: readonly string[];
  readonly reasons: readonly DenialReason[];
  /** Whether a login from there would be a denial now: refused, or let through and recorded by `report-only`. */
  readonly stillDenied: boolean;
  /** Whether it is a private address that was denied for several SMTP users: the operator's own proxy or NAT. */
  readonly looksLikeProxy: boolean;
  /** Empty where it is not denied any more, where it is no address, and where it looks like a proxy. */
  readonly suggestedEntries: readonly SuggestedEntry[];
}

/** The columns of CSV. */
export const DENIED_IP_COLUMNS = [
  'ip',
  'count',
  'firstDeniedAt',
  'lastDeniedAt',
  'relays',
  'reasons',
  'stillDenied',
  'looksLikeProxy',
  'suggestedEntries',
] as const satisfies readonly (keyof DeniedIp)[];

/** The addresses from which an SMTP user was denied, the latest first. */
export class ListDeniedIps extends Query<Page<DeniedIp>> {
  constructor(
    readonly tenantId: TenantId,
    readonly smtpUserId: string,
    readonly page: PageRequest,
    readonly period: Period,
  ) {
    super();
  }
}
