import { Inject, Injectable } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { apiKeyStream, type EventMetadata } from '@postern/contracts';
import { Journal } from '@postern/event-store';
import type { DataSource, EntityManager } from 'typeorm';
import { insertApiKey, type NewApiKeyRow } from './api-keys.js';

/** Puts a new key into the journal and among those that authenticate, in one transaction. */
@Injectable()
export class ApiKeyIssue {
  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource,
  ) {}

  /** `also` is done in the transaction, behind the append; when it throws, nothing is issued. Throws `VersionConflict` where the id was used before. */
  async issue(
    key: NewApiKeyRow,
    metadata: EventMetadata,
    also: (manager: EntityManager) => Promise<void> = async () => undefined,
  ): Promise<void> {
    const { id: keyId, tenantId, role, name, hash } = key;
    await this.writer.transaction(async (manager) => {
      await this.journal.appendWithin(manager, {
        tenantId,
        streamId: apiKeyStream(keyId),
        expectedVersion: 0,
        events: [{ type: 'ApiKeyIssued', data: { keyId, tenantId, role, name, secretHash: hash.toString('hex') } }],
        metadata,
      });
      await also(manager);
      await insertApiKey(manager, key);
    });
  }
}
