import { Query } from '@nestjs/cqrs';
import type { DenialReason, TenantId } from '@postern/contracts';
import type { Page, PageRequest } from '@postern/service-kit';
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
  /** Empty where it is not denied any more, and where it is no address. */
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
