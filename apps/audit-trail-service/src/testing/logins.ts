import { newId, type LoginReport } from '@postern/contracts';
import type { Answer, AuditWorld } from './audit-world.js';
import type { ReportedLogins } from '../sources/report-logins.js';

const HOUR_MS = 3_600_000;

/** Read once: a test may run past the end of the hour. */
const THIS_HOUR = Math.floor(Date.now() / HOUR_MS);

/** The hour that began so many hours before the one in which the test file began, RFC 3339. */
export function hoursAgo(hours: number): string {
  return new Date((THIS_HOUR - hours) * HOUR_MS).toISOString();
}

/** For tests: a record of a login in this hour. */
export function loginOf(
  person: { readonly smtpUserId: LoginReport['smtpUserId'] },
  ip: string,
  more = {},
): LoginReport {
  const { smtpUserId } = person;
  return { smtpUserId, ip, hour: hoursAgo(0), count: 1, entryId: null, relay: 'mx1', ...more };
}

/** Sends a batch as a relay does. */
export async function reportLogins(
  world: AuditWorld,
  relayKey: string,
  logins: readonly unknown[],
  batchId = newId(),
  relay = 'mx1',
): Promise<Answer<ReportedLogins>> {
  const answer = await world.app.inject({
    method: 'POST',
    url: '/v1/relay/logins',
    headers: { authorization: `Bearer ${relayKey}`, 'postern-relay': relay },
    payload: { batchId, logins },
  });
  return { status: answer.statusCode, body: answer.json() };
}
