import type { Actor, EventType } from '@postern/contracts';
import { exported, oneOfSoFar, pageView, roleView, text, time, uuid, view, whole } from '@postern/http';
import { z } from 'zod';
import { CHANGE_COLUMNS, type Change } from './list-changes.query.js';

const actorView = view<Actor>('Actor', 'The API key that was used, with the role and name that it had.', {
  role: roleView,
  keyId: text('019ab1bf-9d20-7a33-8c1e-5b6d7f809a11'),
  name: text('ci'),
});

const changeView = view<Change>('Change', 'Who changed what, when, and by which request.', {
  eventId: uuid('019ab1c4-6e7f-7a8b-9c0d-1e2f3a4b5c6d'),
  type: oneOfSoFar<EventType>({
    TenantCreated: true,
    ApiKeyIssued: true,
    ApiKeyRevoked: true,
    SmtpUserRegistered: true,
    SmtpUserRenamed: true,
    SmtpUserRemoved: true,
    RestrictionAdded: true,
    RestrictionEntriesChanged: true,
    RestrictionRemoved: true,
    RestrictionCleared: true,
    RestrictionModeChanged: true,
    AuthDenied: true,
  }),
  occurredAt: time('2026-11-01T08:00:00.000Z'),
  actor: actorView,
  requestId: text('deploy-2026-11-01.17'),
  smtpUserId: uuid<NonNullable<Change['smtpUserId']>>(
    '019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10',
    'Null where it concerns none.',
  ).nullable(),
  username: text('app@acme.example', 'The SMTP user’s name after the change.').nullable(),
  data: z.looseObject({}).meta({ description: 'What the event says; which fields it has goes by `type`.' }),
  before: z
    .looseObject({})
    .nullable()
    .meta({ description: 'What it touched, as it stood; null where nothing stood there.' }),
  after: z.looseObject({}).nullable().meta({ description: 'And as it stands since; null where it is gone.' }),
  version: whole(1, 7, 'The version that the change made.'),
});

/** A page of changes; or all of them as NDJSON or CSV. */
export const changeAnswers = exported(
  pageView('ChangePage', changeView),
  changeView,
  `${CHANGE_COLUMNS.join(',')}\r\n`,
);
