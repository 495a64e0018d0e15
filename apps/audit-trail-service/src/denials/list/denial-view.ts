import { denialReasonView, exported, modeView, pageView, text, time, uuid, view, whole } from '@postern/http';
import { z } from 'zod';
import { DENIAL_COLUMNS, type Denial } from './read-denials.js';

const denialView = view<Denial>('Denial', 'One refused login, or in `report-only` one that would have been.', {
  id: uuid('019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b'),
  occurredAt: time('2026-11-01T08:00:00.000Z', 'By the relay’s clock.'),
  recordedAt: time('2026-11-01T08:00:00.120Z'),
  tenantId: text('acme'),
  smtpUserId: uuid('019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'),
  username: text('app@acme.example'),
  ip: text('203.0.113.9', 'Canonical; for `source-ip-invalid` the text as the relay saw it.'),
  relay: text('mx1'),
  reason: denialReasonView,
  mode: modeView,
  refused: z.boolean().meta({ description: 'False where `report-only` let it through.' }),
  count: whole(1, 1, 'Logins that it stands for: a flood is folded.'),
});

/** A page of denials; or all of them as NDJSON or CSV. */
export const denialAnswers = exported(
  pageView('DenialPage', denialView),
  denialView,
  `${DENIAL_COLUMNS.join(',')}\r\n`,
);
