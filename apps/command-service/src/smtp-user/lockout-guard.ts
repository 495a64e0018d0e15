import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { Deadline } from '@postern/async';
import type { ObservedSource } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { databaseFailed, Problem } from '@postern/http';
import { observedSources } from '@postern/observed-logins';
import { modeAt, refusedBy, type SmtpUserState } from '@postern/restrictions';
import type { DataSource } from 'typeorm';
import type { WantedGuard } from '../write/wanted-guard.js';
import type { SmtpUserRef } from './target.js';

const DAYS = 7;
const HOUR_MS = 3_600_000;
/** Well below the deadline of a write, which is also waiting. */
export const SOURCES_DEADLINE_MS = 2_000;
/** Addresses that a refusal names; it counts all. */
export const MAX_NAMED_ADDRESSES = 100;

/** Refuses a change that would lock out addresses that log in today. */
@Injectable()
export class LockoutGuard {
  constructor(@Inject(getDataSourceToken('postern_logins_reader')) private readonly reader: DataSource) {}

  /**
   * Throws 409 `lockout-risk` where `after` refuses, at `now`, addresses that logged in during the last 7 days and that `before` lets in, unless
   * it is just those that the caller accepts. Of a user with more addresses it judges the newest 10,000.
   * Throws 503 `not-ready` where the logins cannot be read in time.
   */
  async check(
    { accepts }: WantedGuard,
    user: SmtpUserRef,
    { before, after, now }: { readonly before: SmtpUserState; readonly after: SmtpUserState; readonly now: Date },
  ): Promise<void> {
    if (before.status !== 'registered' || after.status !== 'registered') return;
    // These refuse nobody, and must not wait for the logins: they are what ends a lock-out.
    if (!after.restricted || modeAt(after, now) === 'report-only') return;
    const sources = refusedBy(after, await this.lately(user, now), now);
    const already = new Set(refusedBy(before, sources, now).map(({ ip }) => ip));
    const lockedOut = sources.filter(({ ip }) => !already.has(ip));
    const accept = digestOf(lockedOut);
    if (lockedOut.length === 0 || accepts === accept) return;
    throw lockoutRisk(lockedOut, accept);
  }

  private async lately({ tenantId, smtpUserId }: SmtpUserRef, now: Date): Promise<ObservedSource[]> {
    const from = new Date(now.getTime() - DAYS * 24 * HOUR_MS);
    const read = () => inTenant(this.reader, tenantId, (manager) => observedSources(manager, smtpUserId, from));
    const sources = await Deadline.within(SOURCES_DEADLINE_MS, read, notReadable);
    // They are of whole days, and the time is that of an hour's beginning.
    return sources.filter(({ lastSeenAt }) => Date.parse(lastSeenAt) > from.getTime() - HOUR_MS);
  }
}

/** Of the addresses alone: more logins from them are no other risk. */
function digestOf(sources: readonly ObservedSource[]): string {
  const addresses = sources.map(({ ip }) => ip).sort();
  return createHash('sha256').update(addresses.join('\n')).digest('hex').slice(0, 16);
}

function lockoutRisk(lockedOut: readonly ObservedSource[], accept: string): Problem {
  const named = lockedOut
    .slice(0, MAX_NAMED_ADDRESSES)
    .map(({ ip, logins, lastSeenAt }) => ({ ip, logins, lastSeenAt }));
  return new Problem(
    'lockout-risk',
    `${lockedOut.length} of the addresses that logged in during the last ${DAYS} days would no longer be let in, such as ${lockedOut[0]?.ip}. Nothing was changed. ` +
      `Allow them too; or send the same request with Postern-Guard: lockout; accept="${accept}" to have them refused.`,
    { extra: { addresses: named, refusedAddresses: lockedOut.length, accept } },
  );
}

function notReadable(): Problem {
  return databaseFailed(
    `The logins of the last ${DAYS} days could not be read within ${SOURCES_DEADLINE_MS / 1_000} s, so that nobody knows whom the change would lock out. Nothing was changed. Send it again shortly.`,
  );
}
