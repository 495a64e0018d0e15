import { Inject, Injectable, Logger } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import {
  newId,
  type ApiKeyId,
  type EventMetadata,
  hashApiKey,
  matchesHash,
  newApiKey,
  parseApiKey,
} from '@postern/contracts';
import { VersionConflict } from '@postern/event-store';
import { SettingInvalid } from '@postern/settings';
import type { DataSource, EntityManager } from 'typeorm';
import { CLOCK, type Clock } from '../../clock.js';
import { ApiKeyIssue } from '../api-key-issue.js';
import { countLiveOperatorKeys } from '../api-keys.js';

/** The name of the first key, and of whoever issues it: nobody else is there yet. */
const FIRST_START = 'first start';

/** The given operator key can't be used; the message says what to do. */
export class OperatorKeyUnusable extends SettingInvalid {}

/** Another process, or an earlier start, has made an operator key: there is nothing to do. */
class OperatorKeyStands extends Error {}

/** Sees to it that somebody can operate this installation. */
@Injectable()
export class FirstOperatorKey {
  private readonly logger = new Logger('first-operator-key');

  constructor(
    @Inject(ApiKeyIssue) private readonly apiKeyIssue: ApiKeyIssue,
    @Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource,
    @Inject(getDataSourceToken('postern_access')) private readonly access: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Issues a key that the operator chose, unless that was done before. Throws `OperatorKeyUnusable`. */
  async ensureGiven(text: string): Promise<void> {
    const parsed = parseApiKey(text);
    if (parsed?.role !== 'operator') {
      throw new OperatorKeyUnusable(
        'POSTERN_OPERATOR_KEY must read pst_operator_<id>_<secret of 16 or more characters>.',
      );
    }
    if (await this.stands(parsed.id, text)) return;
    try {
      await this.issue(parsed.id, text);
    } catch (error) {
      // A process that starts at the same time issued it.
      if (!(error instanceof VersionConflict) || !(await this.stands(parsed.id, text))) throw error;
    }
  }

  /**
   * Makes a key and returns its text, unless there is a live operator key: then null. Of several processes one makes it.
   * What `keep` throws leaves no key behind: nobody would ever know it.
   */
  async ensureAny(keep: (text: string) => Promise<void>): Promise<string | null> {
    if ((await this.writer.transaction(countLiveOperatorKeys)) > 0) return null;
    const { id, text } = newApiKey('operator');
    try {
      await this.issue(id, text, async (manager) => {
        if ((await countLiveOperatorKeys(manager)) > 0) throw new OperatorKeyStands();
        await keep(text);
      });
      return text;
    } catch (error) {
      if (error instanceof OperatorKeyStands) return null;
      throw error;
    }
  }

  private async issue(
    id: ApiKeyId,
    text: string,
    within: (manager: EntityManager) => Promise<void> = async () => undefined,
  ): Promise<void> {
    const createdAt = this.clock().toISOString();
    const key = { id, tenantId: null, role: 'operator' as const, name: FIRST_START, hash: hashApiKey(text), createdAt };
    await this.apiKeyIssue.issue(key, metadataOf(id), within);
  }

  private async stands(id: ApiKeyId, text: string): Promise<boolean> {
    const [row] = await this.access.query<{ secret_hash: Buffer; revoked_at: Date | null }[]>(
      'SELECT secret_hash, revoked_at FROM access.api_keys WHERE id = $1',
      [id],
    );
    if (!row) return false;
    if (!matchesHash(text, row.secret_hash)) {
      throw new OperatorKeyUnusable(
        `POSTERN_OPERATOR_KEY has the id ${id}, which belongs to a key with another secret. Choose another id, or leave it out.`,
      );
    }
    if (row.revoked_at) this.logger.warn(`POSTERN_OPERATOR_KEY (${id}) was revoked, and stays so. Leave it out.`);
    return true;
  }
}

function metadataOf(keyId: ApiKeyId): EventMetadata {
  return { actor: { role: 'operator', keyId, name: FIRST_START }, correlationId: newId(), causationId: null };
}
