import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Deadline } from '@postern/async';
import { inTenant } from '@postern/database';
import { databaseFailed, Problem } from '@postern/http';
import { type RefusedSources, refusedSources, type SeenSource } from '@postern/observed-logins';
import { allowedRanges, modeAt, type SmtpUserState } from '@postern/restrictions';
import type { DataSource } from 'typeorm';
import type { RequestedGuard } from '../write/guard-header.js';
import type { SmtpUserRef } from './target.js';

const DAYS = 7;
const HOUR_MS = 3_600_000;
/** Well below the deadline of the write that waits for it. */
export const SOURCES_DEADLINE_MS = 2_000;
/** The most addresses that the digest covers, the newest first. */
export const MAX_ACCEPTED_ADDRESSES = 10_000;
export const MAX_NAMED_ADDRESSES = 100;

@Injectable()
export class LockoutGuard {
  constructor(@InjectDataSource('postern_logins_reader') private readonly reader: DataSource) {}

  /**
   * Compares what both states decide about the addresses of the last 7 days.
   * @throws 409 `lockout-risk` if only `after` refuses some, unless `accepts` is their digest; 503 `not-ready` if the logins cannot be read in time.
   */
  async check(
    { accepts }: RequestedGuard,
    user: SmtpUserRef,
    { before, after, now }: { readonly before: SmtpUserState; readonly after: SmtpUserState; readonly now: Date },
  ): Promise<void> {
    if (before.status !== 'registered' || after.status !== 'registered') return;
    // After these changes nobody is refused. They end a lockout, so they must not wait for the logins.
    if (!after.restricted || modeAt(after, now) === 'report-only') return;
    const from = new Date(now.getTime() - DAYS * 24 * HOUR_MS);
    // A source has the beginning of an hour: its login may be up to an hour later.
    const only = { lastSeenAfter: new Date(from.getTime() - HOUR_MS), allowedBefore: allowedRanges(before, now) };
    const read = () =>
      inTenant(this.reader, user.tenantId, (manager) =>
        refusedSources(manager, user.smtpUserId, from, allowedRanges(after, now), MAX_ACCEPTED_ADDRESSES, only),
      );
    const lockedOut = await Deadline.within(SOURCES_DEADLINE_MS, read, notReadable);
    const accept = digestOf(lockedOut.addresses);
    if (lockedOut.refusedAddresses === 0 || accepts === accept) return;
    throw lockoutRisk(lockedOut, accept);
  }
}

/** Only of the addresses: more logins from the same addresses do not change the digest. */
function digestOf(sources: readonly SeenSource[]): string {
  const addresses = sources.map(({ ip }) => ip).sort();
  return createHash('sha256').update(addresses.join('\n')).digest('hex').slice(0, 16);
}

function lockoutRisk({ addresses, refusedAddresses }: RefusedSources, accept: string): Problem {
  return new Problem(
    'lockout-risk',
    `${refusedAddresses} of the addresses that logged in during the last ${DAYS} days would be refused, such as ${addresses[0]?.ip}. Nothing was changed. ` +
      `Allow them too. Or, to refuse them, send the same request with Postern-Guard: lockout; accept="${accept}".`,
    { extra: { addresses: addresses.slice(0, MAX_NAMED_ADDRESSES), refusedAddresses, accept } },
  );
}

function notReadable(): Problem {
  return databaseFailed(
    `The logins of the last ${DAYS} days could not be read within ${SOURCES_DEADLINE_MS / 1_000} s, so that nobody knows whom the change would lock out. Nothing was changed. Send it again shortly.`,
  );
}
