import { DECISIONS, DENIAL_REASONS, MODES, REASON_CODES, ROLES } from '@postern/contracts';
import { z } from 'zod';
import { WARNING_CODES, type Entry, type Restriction, type SmtpUser, type Warning } from '@postern/restrictions';
import { oneOfSoFar, text, time, uuid, viewOf, integer } from './openapi/view.js';

export const decisionView = z.enum(DECISIONS);

export const reasonView = oneOfSoFar(REASON_CODES, 'entry-matched');
/** The same, with a denial as the example. */
export const reasonOfDenialView = oneOfSoFar(REASON_CODES, 'ip-not-authorized');

export const denialReasonView = oneOfSoFar(DENIAL_REASONS);

export const roleView = z.enum(ROLES);

export const modeView = z.enum(MODES).meta({
  description: '`enforce` refuses a login that matches no entry; `report-only` records it and lets it through.',
});

const entryId = '019ab1c1-0a51-7b6e-9d5a-2f7c1e4b8d33';

export const entryView = viewOf<Entry>('Entry', 'One address or range of a restriction.', {
  id: uuid(entryId),
  range: text('203.0.113.42', 'The address or range in canonical form; a single address has no prefix.'),
  typed: text('203.0.113.42', 'The range as the caller typed it.'),
  note: text('office').nullable(),
  addedBy: text('ci', 'The name of the API key that added it.'),
  addedAt: time('2026-11-01T08:00:00.000Z'),
  expiresAt: time('2027-01-31T12:00:00.000Z', 'Null: never.').nullable(),
  live: z.boolean().meta({ description: 'False: the entry has expired.' }),
});

const warningView = viewOf<Warning>('Warning', 'A possible mistake in an entry. The entry is stored anyway.', {
  code: oneOfSoFar(WARNING_CODES),
  detail: text('203.0.113.42 is inside the entry 203.0.113.0/24, and adds nothing.'),
  entryId: uuid(entryId),
});

export const restrictionView = viewOf<Restriction>('Restriction', 'The allow list of one SMTP user.', {
  restricted: z.boolean().meta({ description: 'False: logins are allowed from every address.' }),
  mode: modeView,
  enforceAt: time(
    '2026-11-15T08:00:00.000Z',
    'The end of `report-only`: from this time on, `mode` is `enforce`. Null: no end.',
  )
    .nullable()
    .meta({ examples: [null] }),
  version: integer(1, 7, 'The SMTP user’s version; the `ETag`.'),
  entries: z.array(entryView),
  warnings: z.array(warningView),
});

export const smtpUserView = viewOf<SmtpUser>(
  'SmtpUser',
  'An SMTP user: a username that logs in to send mail, with its restriction.',
  {
    id: uuid('019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'),
    tenantId: text('acme'),
    username: text('app@acme.example', 'As registered. Postern ignores its case: no other user of any tenant has it.'),
    createdAt: time('2026-11-01T08:00:00.000Z'),
    restriction: restrictionView,
  },
);
