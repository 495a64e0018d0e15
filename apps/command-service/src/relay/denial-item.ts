import {
  DENIAL_REASONS,
  EARLIEST_DENIAL,
  isUsername,
  isUuid,
  MAX_CLOCK_AHEAD_MS,
  MODES,
  utcTime,
  type DenialReport,
  type SmtpUserId,
} from '@postern/contracts';
import { parseAddress } from '@postern/ip-ranges';
import { denialReasonView, oneOfSoFar, text, time, uuid, view, integer } from '@postern/http';
import { z } from 'zod';
import { isPlain } from '../write/plain-text.js';
import { storedIp } from './auth-denied.js';

/** A higher count is a relay's mistake and would dominate all sums. */
export const MAX_COUNT = 1_000_000_000;
export const LONGEST_RELAY = 253;
const LONGEST_IP = 1_000;

const NO_TIME = 'is a time as in RFC 3339, with its offset.';

type Code = RejectedDenial['code'];

interface Rule {
  readonly code: Code;
  readonly detail: string;
  holds(value: unknown): boolean;
}

const rule = (detail: string, holds: Rule['holds'], code: Code = 'validation-failed'): Rule => ({
  code,
  detail,
  holds,
});
const oneOf = (values: readonly string[]): Rule =>
  rule(`is one of: ${values.join(', ')}.`, (value) => values.includes(value as string));
const A_UUID = rule('is a UUID in lower case.', (value) => typeof value === 'string' && isUuid(value));

/** Without zod, which takes several times as long for a thousand items and returns a list of issues instead of one code. */
const RULES: Readonly<Record<keyof DenialReport, Rule>> = {
  id: A_UUID,
  username: rule(
    'is 1 to 254 printable ASCII characters without white space.',
    (value) => typeof value === 'string' && isUsername(value),
    'username-invalid',
  ),
  smtpUserId: A_UUID,
  ip: rule('is a text.', (value) => typeof value === 'string' && value.length <= LONGEST_IP),
  occurredAt: rule(NO_TIME, (value) => typeof value === 'string'),
  relay: rule(
    `is a text of 1 to ${LONGEST_RELAY} characters on one line.`,
    (value) => typeof value === 'string' && value !== '' && value.length <= LONGEST_RELAY && isPlain(value),
  ),
  reason: oneOf(DENIAL_REASONS),
  mode: oneOf(MODES),
  count: rule(
    `is a whole number from 1 to ${MAX_COUNT}.`,
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_COUNT,
  ),
};
const FIELDS = Object.entries(RULES);

/** Checks one item of a batch; its address and time are returned in their stored form. */
export function readDenial(item: unknown, index: number, now: Date): DenialReport | RejectedDenial {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    return { id: null, code: 'validation-failed', detail: `/denials/${index} is not an object.` };
  }
  const fields = item as Record<string, unknown>;
  const wrong = (code: Code, name: string, detail: string): RejectedDenial => {
    const id = typeof fields['id'] === 'string' ? fields['id'].slice(0, 64) : null;
    return { id, code, detail: `/denials/${index}/${name} ${detail}` };
  };
  for (const [name, { code, detail, holds }] of FIELDS) {
    const value = fields[name];
    if (value === undefined && name === 'smtpUserId') continue;
    if (value === undefined) return wrong('field-missing', name, 'is missing.');
    if (!holds(value)) return wrong(code, name, detail);
  }
  for (const name in fields)
    if (!Object.hasOwn(RULES, name))
      return wrong('field-unknown', name.slice(0, 64), 'is not a field of a denial. Remove it.');
  const report = item as DenialReport;
  const address = parseAddress(report.ip);
  if (!address.ok && report.reason !== 'source-ip-invalid')
    return wrong('source-ip-invalid', 'ip', `cannot be read: ${address.detail}`);
  const occurredAt = utcTime(report.occurredAt);
  if (occurredAt === null) return wrong('validation-failed', 'occurredAt', NO_TIME);
  if (occurredAt < EARLIEST_DENIAL)
    return wrong('validation-failed', 'occurredAt', 'is before the year 2000: check the clock of the relay.');
  if (Date.parse(occurredAt) - now.getTime() > MAX_CLOCK_AHEAD_MS)
    return wrong(
      'validation-failed',
      'occurredAt',
      `is more than a day ahead of Postern’s clock (${now.toISOString()}): check the clock of the relay.`,
    );
  return { ...report, ip: storedIp(address, report.ip), occurredAt };
}

/** An item for the OpenAPI document; `readDenial` checks it. */
export const denialReportSchema: z.ZodType<DenialReport> = z
  .strictObject({
    id: uuid(
      '019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b',
      'A UUIDv7, created once by the relay. A repeated report must have the same id.',
    ),
    username: text('app@acme.example'),
    smtpUserId: uuid<SmtpUserId>(
      '019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b',
      'The SMTP user in the policy that decided. It must have the username, or must have had it. If you leave it out, the denial is recorded for the SMTP user that had the username at `occurredAt`.',
    ).optional(),
    ip: text('203.0.113.9'),
    occurredAt: time(
      '2026-11-01T08:00:00.000Z',
      'By the relay’s clock; RFC 3339 with an offset. Not before the year 2000, and at most a day ahead of Postern’s clock.',
    ),
    relay: text('mx1'),
    reason: denialReasonView,
    mode: z.enum(MODES),
    count: integer(1, 1, 'Logins that this report counts.'),
  })
  .meta({ id: 'DenialReport', description: 'A denial as a relay reports it.' });

export const rejectedDenialView = view(
  'RejectedDenial',
  'A rejected denial. Do not send it again: the result would be the same.',
  {
    id: text('019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b')
      .nullable()
      .meta({ description: 'The id that was sent; null if it is missing or cannot be read.' }),
    code: oneOfSoFar([
      'validation-failed',
      'field-missing',
      'field-unknown',
      'username-invalid',
      'source-ip-invalid',
      'smtp-user-not-found',
    ]),
    detail: text('Nobody held the username app@acme.example at 2026-11-01T08:00:00.000Z.'),
  },
);
export type RejectedDenial = z.infer<typeof rejectedDenialView>;
