import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiKeyEntity } from '@postern/access';
import { apiKeyStream, hashSecret, newApiKey, type Role, type TenantId } from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { EventWriter } from '../write/event-writer.js';
import type { RequestContext, Written } from '../write/request-context.js';
import type { IssuedApiKey } from './api-keys.js';

/** Creates an API key. `tenantId` is null for the roles operator and relay, and only for them. */
export class IssueApiKey extends Command<Written<IssuedApiKey>> {
  constructor(
    readonly tenantId: TenantId | null,
    readonly role: Role,
    readonly name: string,
    readonly context: RequestContext,
  ) {
    super();
  }
}

@CommandHandler(IssueApiKey)
export class IssueApiKeyHandler implements ICommandHandler<IssueApiKey> {
  constructor(@Inject(EventWriter) private readonly writer: EventWriter) {}

  execute({ tenantId, role, name, context }: IssueApiKey): Promise<Written<IssuedApiKey>> {
    const { id, text: key } = newApiKey(role);
    const issued = { id, role, name, key, createdAt: new Date().toISOString() };
    return issueApiKey(this.writer, tenantId, issued, context);
  }
}

/** Journal and table change in one transaction. If `before` throws, no key is issued. @throws `VersionConflict` if the id was used before. */
export async function issueApiKey(
  writer: EventWriter,
  tenantId: TenantId | null,
  issued: IssuedApiKey,
  context: RequestContext,
  before: (manager: EntityManager) => Promise<void> = async () => undefined,
): Promise<Written<IssuedApiKey>> {
  const { id: keyId, role, name, key, createdAt } = issued;
  const hash = hashSecret(key);
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
