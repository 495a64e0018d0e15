import type { Heartbeat, RelayPolicy, RelayPolicyEntry, RelayReply } from '@postern/contracts';
import { modeView, oneOfSoFar, text, time, uuid, view, viewOf, integer } from '@postern/http';
import { z } from 'zod';
import { RESET_REASONS } from './stream/frame-pages.js';

const entry = viewOf<RelayPolicyEntry>('RelayPolicyEntry', 'A range from which logins are allowed.', {
  range: text('203.0.113.42', 'The address or range in canonical form; a single address has no prefix.'),
  expiresAt: time(
    '2027-01-31T12:00:00.000Z',
    'From this time on the relay ignores the entry, by the relay’s own clock. Null: it never expires.',
  ).nullable(),
});

export const relayPolicyView = viewOf<RelayPolicy>(
  'RelayPolicy',
  'Everything that a relay needs to decide for one username.',
  {
    username: text('app@acme.example', 'In the case in which it was registered. Compare in lower case.'),
    tenantId: text('acme'),
    smtpUserId: uuid('019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'),
    restricted: z.boolean(),
    mode: modeView,
    enforceAt: time(
      '2026-11-15T08:00:00.000Z',
      'The end of `report-only`: from this time on, the relay enforces the list, by its own clock. Null: no end.',
    ).nullable(),
    entries: z.array(entry),
    version: integer(1, 7),
    revision: integer(0, 4711, 'Grows with every change of any policy.'),
    removed: z.boolean().meta({ description: 'The username is unknown again.', examples: [false] }),
  },
);

export const heartbeatView = viewOf<Heartbeat>(
  'Heartbeat',
  'The state of a relay that applied everything up to the revision.',
  {
    revision: integer(0, 4711),
    policies: integer(0, 1200),
    digest: text('9f86d081884c7d65', '16 hex digits.'),
    lagEvents: integer(
      0,
      0,
      'Acknowledged events that are not in the policies yet; null if it could not be measured.',
    ).nullable(),
    lagSeconds: z
      .number()
      .min(0)
      .nullable()
      .meta({
        description:
          'Age of the oldest of these events in seconds; 0 if there is none, null if it could not be measured.',
        examples: [0],
      }),
  },
);

export const relayReplyView = viewOf<RelayReply>('RelayReply', 'The reply to denied logins of one tenant.', {
  tenantId: text('acme'),
  text: text('IP not authorized: {ip}', '`{ip}` is replaced by the address of the client.'),
  helpUrl: text('https://acme.example/smtp', 'A link that follows the text. Null: none.').nullable(),
  opaque: z.boolean().meta({ description: 'Answered exactly as a wrong password.', examples: [false] }),
});

export const resetView = view('Reset', 'The relay must take a snapshot.', {
  reason: oneOfSoFar(RESET_REASONS),
});
