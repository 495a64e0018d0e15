import { Inject, Injectable, Logger, type INestApplicationContext } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { ApiKeyEntity } from '@postern/access';
import { matchesHash, newApiKey, newId, parseApiKey, type ApiKeyId } from '@postern/contracts';
import { VersionConflict } from '@postern/event-store';
import { keepOperatorKey, operatorKeyNotShown, type FirstKey } from '@postern/process-life';
import { SettingInvalid, type RuntimeSettings } from '@postern/settings';
import type { DataSource, EntityManager } from 'typeorm';
import { EventWriter } from '../write/event-writer.js';
import { countLiveOperatorKeys } from './api-keys.js';
import { issueApiKey } from './issue-api-key.js';

const FIRST_START = 'first start';

export class OperatorKeyUnusable extends SettingInvalid {}

class OperatorKeyExists extends Error {}

/**
 * Call it before the service listens. Returns the text of a new key, to be shown once; null if one was given or exists.
 * If `keep` throws, no key is created. @throws `OperatorKeyUnusable`, errors of `keep`.
 */
export async function ensureFirstOperatorKey(
  app: INestApplicationContext,
  given: string | null,
  keep: (text: string) => Promise<void> = async () => undefined,
): Promise<string | null> {
  const firstKey = app.get(FirstOperatorKey, { strict: false });
  if (given === null) return firstKey.ensureAny(keep);
  await firstKey.ensureGiven(given);
  return null;
}

/** Call it before the service listens. Returns the operator key that was not shown yet, if there is one. */
export async function firstOperator(
  app: INestApplicationContext,
  { operatorKey, dataDir }: RuntimeSettings,
): Promise<FirstKey | null> {
  await ensureFirstOperatorKey(app, operatorKey, (newKey) => keepOperatorKey(dataDir, newKey));
  return operatorKey === null ? operatorKeyNotShown(dataDir) : null;
}

@Injectable()
export class FirstOperatorKey {
  private readonly logger = new Logger('first-operator-key');

  constructor(
    @Inject(EventWriter) private readonly eventWriter: EventWriter,
    @InjectDataSource('postern_journal_writer') private readonly writer: DataSource,
    @InjectDataSource('postern_access') private readonly access: DataSource,
  ) {}

  async ensureGiven(text: string): Promise<void> {
    const parsed = parseApiKey(text);
    if (parsed?.role !== 'operator') {
      throw new OperatorKeyUnusable(
        'POSTERN_OPERATOR_KEY must read pst_operator_<id>_<secret of 16 or more characters>.',
      );
    }
    if (await this.exists(parsed.id, text)) return;
    try {
      await this.issue(parsed.id, text);
    } catch (error) {
      // Another process issued it at the same time.
      if (!(error instanceof VersionConflict) || !(await this.exists(parsed.id, text))) throw error;
    }
  }

  /** Null if an operator key is live. If `keep` throws, the key is not issued. */
  async ensureAny(keep: (text: string) => Promise<void>): Promise<string | null> {
    if ((await this.writer.transaction(countLiveOperatorKeys)) > 0) return null;
    const { id, text } = newApiKey('operator');
    try {
      await this.issue(id, text, async (manager) => {
        if ((await countLiveOperatorKeys(manager)) > 0) throw new OperatorKeyExists();
        await keep(text);
      });
      return text;
    } catch (error) {
      if (error instanceof OperatorKeyExists) return null;
      throw error;
    }
  }

  private async issue(id: ApiKeyId, key: string, before?: (manager: EntityManager) => Promise<void>): Promise<void> {
    const issued = { id, role: 'operator', name: FIRST_START, key, createdAt: new Date().toISOString() } as const;
    const actor = { role: 'operator', keyId: id, name: FIRST_START } as const;
    await issueApiKey(this.eventWriter, null, issued, { actor, requestId: newId(), idempotency: undefined }, before);
  }

  private async exists(id: ApiKeyId, text: string): Promise<boolean> {
    const key = await this.access.manager.findOneBy(ApiKeyEntity, { id });
    if (!key) return false;
    if (!matchesHash(text, key.secretHash)) {
      throw new OperatorKeyUnusable(
        `POSTERN_OPERATOR_KEY has the id ${id}, which belongs to a key with another secret. Choose another id, or leave it out.`,
      );
    }
    if (key.revokedAt)
      this.logger.warn(`POSTERN_OPERATOR_KEY (${id}) was revoked, and stays revoked. Remove the setting.`);
    return true;
  }
}
