import { ApiKeyEntity } from '@postern/access';
import { pageView, roleView, text, time, uuid, view } from '@postern/http';
import { IsNull, type EntityManager } from 'typeorm';
import type { ApiKeyId } from '@postern/contracts';
import type { z } from 'zod';

const shown = {
  id: uuid<ApiKeyId>('019ab1bf-9d20-7a33-8c1e-5b6d7f809a11'),
  role: roleView,
  name: text('mx1'),
  createdAt: time('2026-11-01T08:00:00.000Z'),
};
export const issuedApiKeyView = view('IssuedApiKey', 'A new key with its text, which is shown only once.', {
  ...shown,
  key: text('pst_relay_019ab1bf-9d20-7a33-8c1e-5b6d7f809a11_<secret>'),
});
export type IssuedApiKey = z.infer<typeof issuedApiKeyView>;
const apiKeyView = view('ApiKey', 'An API key in a list, without its text.', {
  ...shown,
  lastUsedAt: time('2026-11-02T09:30:00.000Z', 'Updated within seconds of a use. Null: it was never used.').nullable(),
  revokedAt: time('2026-11-03T10:00:00.000Z', 'Null: the key is valid.').nullable(),
});
export type ApiKey = z.infer<typeof apiKeyView>;
export const apiKeyPageView = pageView('ApiKeyPage', apiKeyView);

export const API_KEY_ID = /^[A-Za-z0-9-]{1,64}$/;

export const OPERATOR_KEYS_LOCK = 8_025_010;

/** Call it after the append, because the journal's locks come first. As `postern_journal_writer`. */
export async function countLiveOperatorKeys(manager: EntityManager): Promise<number> {
  await manager.query('SELECT pg_advisory_xact_lock($1)', [OPERATOR_KEYS_LOCK]);
  return manager.countBy(ApiKeyEntity, { role: 'operator', revokedAt: IsNull() });
}
