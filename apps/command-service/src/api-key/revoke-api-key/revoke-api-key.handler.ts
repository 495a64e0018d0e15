import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { apiKeyStream, type ApiKeyId } from '@postern/contracts';
import { Journal, VersionConflict } from '@postern/event-store';
import { eventMetadata, Problem } from '@postern/http';
import type { DataSource } from 'typeorm';
import { CLOCK, type Clock } from '../../clock.js';
import { keepAnswer } from '../../idempotency/kept-answers.js';
import { API_KEY_ID, countLiveOperatorKeys, findApiKey, markRevoked } from '../api-keys.js';
import { RevokeApiKey } from './revoke-api-key.command.js';

/** The version of a key's stream that has nothing but `ApiKeyIssued`. */
const ISSUED = 1;

@CommandHandler(RevokeApiKey)
export class RevokeApiKeyHandler implements ICommandHandler<RevokeApiKey> {
  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(command: RevokeApiKey): Promise<void> {
    const { tenantId, keyId } = command;
    const key = API_KEY_ID.test(keyId) ? await findApiKey(this.writer, tenantId, keyId) : null;
    if (key === null) throw new Problem('api-key-not-found', 'There is no API key with this id here.');
    if (!key.live) return this.keepNothing(command);
    try {
      await this.revoke(command, keyId as ApiKeyId, key.role === 'operator');
    } catch (error) {
      // Somebody else revoked it a moment ago: that is what was asked for.
      if (!(error instanceof VersionConflict)) throw error;
      await this.keepNothing(command);
    }
  }

  /** There is no event, but an answer without a body. */
  private async keepNothing({ context: { idempotency } }: RevokeApiKey): Promise<void> {
    if (idempotency) await keepAnswer(this.writer, idempotency, null);
  }

  private async revoke({ tenantId, context }: RevokeApiKey, keyId: ApiKeyId, isOperator: boolean): Promise<void> {
    await this.writer.transaction(async (manager) => {
      await this.journal.appendWithin(manager, {
        tenantId,
        streamId: apiKeyStream(keyId),
        expectedVersion: ISSUED,
        events: [{ type: 'ApiKeyRevoked', data: { keyId } }],
        metadata: eventMetadata(context),
      });
      if (context.idempotency) await keepAnswer(manager, context.idempotency, null);
      if (isOperator && (await countLiveOperatorKeys(manager)) === 1) throw lastOperatorKey();
      await markRevoked(manager, keyId, this.clock());
    });
  }
}

/** Nobody could make another key then, without a restart. */
function lastOperatorKey(): Problem {
  return new Problem(
    'last-operator-key',
    'This is the last live operator key. Have another one issued by POST /v1/api-keys, then revoke this one with that.',
  );
}
