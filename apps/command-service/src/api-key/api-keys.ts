import { ApiKeyEntity } from '@postern/access';
import { apiKeyStream, hashApiKey, type TenantId, type ApiKey, type IssuedApiKey } from '@postern/contracts';
import { pageView, roleView, text, time, uuid, view } from '@postern/http';
import { IsNull, type EntityManager } from 'typeorm';
import type { EventWriter } from '../write/event-writer.js';
import type { RequestContext, Written } from '../write/request-context.js';

const shown = {
  id: uuid<ApiKey['id']>('019ab1bf-9d20-7a33-8c1e-5b6d7f809a11'),
  role: roleView,
  name: text('mx1'),
  createdAt: time('2026-11-01T08:00:00.000Z'),
};
export const issuedApiKeyView = view<IssuedApiKey>(
  'IssuedApiKey',
  'A new key with its text, which is shown this once.',
  { ...shown, key: text('pst_relay_019ab1bf-9d20-7a33-8c1e-5b6d7f809a11_<secret>') },
);
export const apiKeyPageView = pageView(
  'ApiKeyPage',
  view<ApiKey>('ApiKey', 'An API key as lists show it: never its text.', {
    ...shown,
    lastUsedAt: time('2026-11-02T09:30:00.000Z', 'Written within seconds; null: never.').nullable(),
    revokedAt: time('2026-11-03T10:00:00.000Z', 'Null: it holds.').nullable(),
  }),
);

/** What an id in a path may look like; what does not is no key's. */
export const API_KEY_ID = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Puts a new key into the journal and among those that authenticate, in one transaction.
 * @param before done in the transaction, behind the append; where it throws, nothing is issued
 * Throws `VersionConflict` where the id was used before.
 */
export async function issueApiKey(
  writer: EventWriter,
  tenantId: TenantId | null,
  issued: IssuedApiKey,
  context: RequestContext,
  before: (manager: EntityManager) => Promise<void> = async () => undefined,
): Promise<Written<IssuedApiKey>> {
  const { id: keyId, role, name, key, createdAt } = issued;
  const hash = hashApiKey(key);
  const answer = { body: issued };
  await writer.write({
    tenantId,
    streamId: apiKeyStream(keyId),
    expectedVersion: 0,
    events: [{ type: 'ApiKeyIssued', data: { keyId, tenantId, role, name, secretHash: hash.toString('hex') } }],
    context,
    answer,
    also: async (manager) => {
      await before(manager);
      await manager.insert(ApiKeyEntity, { id: keyId, tenantId, role, name, secretHash: hash, createdAt });
    },
  });
  return answer;
}

/** One number for all of Postern's advisory locks of one kind; it guards the count of live operator keys. */
export const OPERATOR_KEYS_LOCK = 8_025_010;

/**
 * How many operator keys are live; nobody else who asks so changes that before the transaction ends.
 * To be asked after the append: the journal's locks come first. As `postern_journal_writer`.
 */
export async function countLiveOperatorKeys(manager: EntityManager): Promise<number> {
  await manager.query('SELECT pg_advisory_xact_lock($1)', [OPERATOR_KEYS_LOCK]);
  return manager.countBy(ApiKeyEntity, { role: 'operator', revokedAt: IsNull() });
}
