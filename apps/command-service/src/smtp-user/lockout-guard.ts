import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Deadline } from '@postern/async';
import { inTenant } from '@postern/database';
import { databaseFailed, Problem } from '@postern/http';
import { observedSources, type SeenSource } from '@postern/observed-logins';
import { modeAt, refusedBy, type SmtpUserState } from '@postern/restrictions';
import type { DataSource } from 'typeorm';
import type { RequestedGuard } from '../write/guard-header.js';
import type { SmtpUserRef } from './target.js';

const DAYS = 7;
const HOUR_MS = 3_600_000;
/** Well below the deadline of the write that waits for it. */
export const SOURCES_DEADLINE_MS = 2_000;
export const MAX_NAMED_ADDRESSES = 100;

@Injectable()
export class LockoutGuard {
  constructor(@InjectDataSource('postern_logins_reader') private readonly reader: DataSource) {}

  /**
   * Compares what both states decide about the addresses of the last 7 days; at most about the newest 10,000.
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
    const sources = refusedBy(after, await this.recentSources(user, now), now);
    const already = new Set(refusedBy(before, sources, now).map(({ ip }) => ip));
    const lockedOut = sources.filter(({ ip }) => !already.has(ip));
    const accept = digestOf(lockedOut);
    if (lockedOut.length === 0 || accepts === accept) return;
    throw lockoutRisk(lockedOut, accept);
  }

  private async recentSources({ tenantId, smtpUserId }: SmtpUserRef, now: Date): Promise<SeenSource[]> {
    const from = new Date(now.getTime() - DAYS * 24 * HOUR_MS);
    const read = () => inTenant(this.reader, tenantId, (manager) => observedSources(manager, smtpUserId, from));
    const { sources } = await Deadline.within(SOURCES_DEADLINE_MS, read, notReadable);
    // `observedSources` begins at the start of a day. `lastSeenAt` is the beginning of an hour: the login may be up to an hour later.
    return sources.filter(({ lastSeenAt }) => Date.parse(lastSeenAt) > from.getTime() - HOUR_MS);
  }
}

/** Only of the addresses: more logins from the same addresses do not change the digest. */
function digestOf(sources: readonly SeenSource[]): string {
  const addresses = sources.map(({ ip }) => ip).sort();
  return createHash('sha256').update(addresses.join('\n')).digest('hex').slice(0, 16);
}

function lockoutRisk(lockedOut: readonly SeenSource[], accept: string): Problem {
  const named = lockedOut
    .slice(0, MAX_NAMED_ADDRESSES)
    .map(({ ip, logins, lastSeenAt }) => ({ ip, logins, lastSeenAt }));
  return new Problem(
    'lockout-risk',
    `${lockedOut.length} of the addresses that logged in during the last ${DAYS} days would be refused, such as ${lockedOut[0]?.ip}. Nothing was changed. ` +
      `Allow them too. Or, to refuse them, send the same request with Postern-Guard: lockout; accept="${accept}".`,
    { extra: { addresses: named, refusedAddresses: lockedOut.length, accept } },
  );
}

function notReadable(): Problem {
  return databaseFailed(
    `The logins of the last ${DAYS} days could not be read within ${SOURCES_DEADLINE_MS / 1_000} s, so that nobody knows whom the change would lock out. Nothing was changed. Send it again shortly.`,
  );
}
