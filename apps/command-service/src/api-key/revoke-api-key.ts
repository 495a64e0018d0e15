import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { apiKeyStream, type ApiKeyId, type Role, type TenantId } from '@postern/contracts';
import { VersionConflict } from '@postern/event-store';
import { Problem } from '@postern/http';
import type { DataSource } from 'typeorm';
import { CLOCK, type Clock } from '../clock.js';
import { EventWriter } from '../write/event-writer.js';
import type { RequestContext, Written } from '../write/request-context.js';
import { API_KEY_ID, countLiveOperatorKeys } from './api-keys.js';

/** Ends a key of a tenant, or with null one that belongs to no tenant. A key that is revoked already stays so. */
export class RevokeApiKey extends Command<Written<null>> {
  constructor(
    readonly tenantId: TenantId | null,
    readonly keyId: string,
    readonly context: RequestContext,
  ) {
    super();
  }
}

/** The version of a key's stream that has nothing but `ApiKeyIssued`. */
const ISSUED = 1;

@CommandHandler(RevokeApiKey)
export class RevokeApiKeyHandler implements ICommandHandler<RevokeApiKey> {
  constructor(
    @Inject(EventWriter) private readonly writer: EventWriter,
    @Inject(getDataSourceToken('postern_journal_writer')) private readonly keys: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ tenantId, keyId, context }: RevokeApiKey): Promise<Written<null>> {
    const key = API_KEY_ID.test(keyId) ? await this.find(tenantId, keyId) : undefined;
    if (!key) throw new Problem('api-key-not-found', 'There is no API key with this id here.');
    const { id, role, live } = key;
    const answer = { body: null };
    try {
      if (live) await this.revoke(tenantId, id, role, context, answer);
      else await this.writer.keepAnswer(context, answer);
    } catch (error) {
      // Somebody else revoked it a moment ago: that is what was asked for.
      if (!(error instanceof VersionConflict)) throw error;
      await this.writer.keepAnswer(context, answer);
    }
    return answer;
  }

  private async find(
    tenantId: TenantId | null,
    id: string,
  ): Promise<{ readonly id: ApiKeyId; readonly role: Role; readonly live: boolean } | undefined> {
    const rows = await this.keys.query<{ id: ApiKeyId; role: Role; live: boolean }[]>(
      `SELECT id, role, revoked_at IS NULL AS live FROM access.api_keys WHERE id = $1 AND tenant_id IS NOT DISTINCT FROM $2`,
      [id, tenantId],
    );
    return rows[0];
  }

  private revoke(
    tenantId: TenantId | null,
    keyId: ApiKeyId,
    role: Role,
    context: RequestContext,
    answer: Written,
  ): Promise<void> {
    return this.writer.write({
      tenantId,
      streamId: apiKeyStream(keyId),
      expectedVersion: ISSUED,
      events: [{ type: 'ApiKeyRevoked', data: { keyId } }],
      context,
      answer,
      also: async (manager) => {
        if (role === 'operator' && (await countLiveOperatorKeys(manager)) === 1) throw lastOperatorKey();
        await manager.query('UPDATE access.api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL', [
          keyId,
          this.clock(),
        ]);
      },
    });
  }
}

/** Without one nobody could make another, short of a restart. */
function lastOperatorKey(): Problem {
  return new Problem(
    'last-operator-key',
    'This is the last live operator key. Have another one issued by POST /v1/api-keys, then revoke this one with that.',
  );
}
