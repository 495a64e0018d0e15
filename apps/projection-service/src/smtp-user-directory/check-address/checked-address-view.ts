import type { CheckedAddress } from '@postern/restrictions';
import { decisionView, entryView, modeView, reasonView, text, time, view, whole } from '@postern/http';

export const checkedAddressView = view<CheckedAddress>('CheckedAddress', 'A decision, explained.', {
  ip: text('203.0.113.9', 'Canonical.'),
  at: time('2026-11-01T00:00:00.000Z'),
  decision: decisionView,
  reason: reasonView,
  mode: modeView,
  matched: entryView.nullable().meta({ description: 'The entry that lets the address in.' }),
  version: whole(1, 7, 'The SMTP user’s version that was asked.'),
});
