import { pageView, roleView, text, time, uuid, view } from '@postern/http';
import type { ApiKey } from './api-keys.js';
import type { IssuedApiKey } from './issue-api-key/issue-api-key.command.js';

const shown = {
  id: uuid<ApiKey['id']>('019ab1bf-9d20-7a33-8c1e-5b6d7f809a11'),
  role: roleView,
  name: text('mx1'),
  createdAt: time('2026-11-01T08:00:00.000Z'),
};

export const issuedApiKeyView = view<IssuedApiKey>(
  'IssuedApiKey',
  'A new key with its text, which is shown this once.',
  {
    ...shown,
    key: text('pst_relay_019ab1bf-9d20-7a33-8c1e-5b6d7f809a11_<secret>'),
  },
);

export const apiKeyPageView = pageView(
  'ApiKeyPage',
  view<ApiKey>('ApiKey', 'An API key as lists show it: never its text.', {
    ...shown,
    lastUsedAt: time('2026-11-02T09:30:00.000Z', 'Written within seconds; null: never.').nullable(),
    revokedAt: time('2026-11-03T10:00:00.000Z', 'Null: it holds.').nullable(),
  }),
);
