import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { ApiKeyEntity } from '@postern/access';
import { apiKeyStream, type ApiKeyId, type TenantId } from '@postern/contracts';
import { VersionConflict } from '@postern/event-store';
import { Problem } from '@postern/http';
import { IsNull, type DataSource, type EntityManager } from 'typeorm';
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
  constructor(
    @Inject(EventWriter) private readonly writer: EventWriter,
    @InjectDataSource('postern_journal_writer') private readonly keys: DataSource,
  ) {}

  async execute({ tenantId, keyId, context }: RevokeApiKey): Promise<Written<null>> {
    const key = API_KEY_ID.test(keyId) ? await this.find(tenantId, keyId as ApiKeyId) : null;
    if (!key) throw new Problem('api-key-not-found', 'There is no API key with this id here.');
    const { id, role, revokedAt } = key;
    const answer = { body: null };
    const revocation = {
      tenantId,
      streamId: apiKeyStream(id),
      expectedVersion: ISSUED,
      events: [{ type: 'ApiKeyRevoked', data: { keyId: id } }],
      context,
      answer,
      also: async (manager: EntityManager) => {
        if (role === 'operator' && (await countLiveOperatorKeys(manager)) === 1) throw lastOperatorKey();
        await manager.update(ApiKeyEntity, { id, revokedAt: IsNull() }, { revokedAt: new Date().toISOString() });
      },
    } as const;
    try {
      if (revokedAt === null) await this.writer.write(revocation);
      else await this.writer.keepAnswer(context, answer);
    } catch (error) {
      // Another request has just revoked it.
      if (!(error instanceof VersionConflict)) throw error;
      await this.writer.keepAnswer(context, answer);
    }
    return answer;
  }

  private find(tenantId: TenantId | null, id: ApiKeyId): Promise<ApiKeyEntity | null> {
    return this.keys.manager.findOne(ApiKeyEntity, {
      select: { id: true, role: true, revokedAt: true },
      where: { id, tenantId: tenantId ?? IsNull() },
    });
  }
}

/** Without an operator key, only a restart could create another one. */
function lastOperatorKey(): Problem {
  return new Problem(
    'last-operator-key',
    'This is the last operator key that is not revoked. Issue another one with POST /v1/api-keys, and use it to revoke this one.',
  );
}
