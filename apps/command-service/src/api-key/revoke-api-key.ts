import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiKeyEntity } from '@postern/access';
import { apiKeyStream, type ApiKeyId, type TenantId } from '@postern/contracts';
import { Problem } from '@postern/http';
import { IsNull, type EntityManager } from 'typeorm';
import { EventWriter } from '../write/event-writer.js';
import type { RequestContext, Written } from '../write/request-context.js';
import { API_KEY_ID, countLiveOperatorKeys } from './api-keys.js';

/** Revokes a key of a tenant; null: one that belongs to no tenant. Repeats are safe. */
export class RevokeApiKey extends Command<Written<null>> {
  constructor(
    readonly tenantId: TenantId | null,
    readonly keyId: string,
    readonly context: RequestContext,
  ) {
    super();
  }
}

const ISSUED = 1;

@CommandHandler(RevokeApiKey)
export class RevokeApiKeyHandler implements ICommandHandler<RevokeApiKey> {
  constructor(@Inject(EventWriter) private readonly writer: EventWriter) {}

  async execute({ tenantId, keyId, context }: RevokeApiKey): Promise<Written<null>> {
    if (!API_KEY_ID.test(keyId)) throw notFound();
    const id = keyId as ApiKeyId;
    const streamId = apiKeyStream(id);
    return this.writer.whileLocked(streamId, async (locked) => {
      const key = await locked.findOne(ApiKeyEntity, {
        select: { id: true, role: true, revokedAt: true },
        where: { id, tenantId: tenantId ?? IsNull() },
      });
      if (!key) throw notFound();
      const isLive = key.revokedAt === null;
      const answer = { body: null };
      const revocation = {
        tenantId,
        streamId,
        expectedVersion: ISSUED,
        events: isLive ? [{ type: 'ApiKeyRevoked', data: { keyId: id } } as const] : [],
        context,
        answer,
        also: async (manager: EntityManager) => {
          if (!isLive) return;
          if (key.role === 'operator' && (await countLiveOperatorKeys(manager)) === 1) throw lastOperatorKey();
          await manager.update(ApiKeyEntity, { id }, { revokedAt: new Date().toISOString() });
        },
      };
      await this.writer.write(revocation, locked);
      return answer;
    });
  }
}

function notFound(): Problem {
  return new Problem('api-key-not-found', 'There is no API key with this id here.');
}

/** Without an operator key, only a restart could create another one. */
function lastOperatorKey(): Problem {
  return new Problem(
    'last-operator-key',
    'This is the last operator key that is not revoked. Issue another one with POST /v1/api-keys, and use it to revoke this one.',
  );
}
