import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { BatchedLookUp } from '@postern/async';
import { type ApiKeyId, type Role, type TenantId, matchesHash, parseApiKey } from '@postern/contracts';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { databaseFailed, type Problem, type Principal } from '@postern/http';
import { TenantEntity } from './tables/tenant.entity.js';

interface StoredKey {
  readonly principal: Principal;
  readonly hash: Buffer;
}

/** A revocation holds everywhere within a second: half of it is how old a look-up may be, the rest is its own time. */
export const FRESH_MS = 500;
export const MAX_CACHED_KEYS = 10_000;
/** Keys of one query, and keys that wait for theirs: a waiting key costs a request that is open anyway. */
export const KEY_LOOK_UPS = { batch: 1_000, waiting: 20_000 };
const LAST_USED_FLUSH_MS = 5_000;

/** Finds API keys, and notes when each was last used. */
@Injectable()
export class ApiKeyDirectory implements BeforeApplicationShutdown {
  private readonly keys = new LRUCache<ApiKeyId, { readonly stored: StoredKey | null }>({
    max: MAX_CACHED_KEYS,
    ttl: FRESH_MS,
  });
  private readonly lookUps = new BatchedLookUp(
    (ids: readonly ApiKeyId[]) => this.load(ids),
    KEY_LOOK_UPS,
    tooManyLookUps,
  );
  private readonly tenants = new LRUCache<string, true>({ max: MAX_CACHED_KEYS });
  private readonly used = new Map<ApiKeyId, Date>();
  private readonly flushTimer: NodeJS.Timeout;

  constructor(@Inject(getDataSourceToken('postern_access')) private readonly dataSource: DataSource) {
    this.flushTimer = setInterval(() => void this.flushLastUsed().catch(() => undefined), LAST_USED_FLUSH_MS).unref();
  }

  /**
   * The principal of a key's text, or null when it is malformed, unknown, revoked or wrong: at once where the key was looked up a moment
   * ago. Throws when the database is gone.
   */
  authenticate(text: string): Principal | null | Promise<Principal | null> {
    const parsed = parseApiKey(text);
    if (!parsed) return null;
    const prove = (stored: StoredKey | null): Principal | null => {
      if (stored?.principal.actor.role !== parsed.role || !matchesHash(text, stored.hash)) return null;
      this.used.set(parsed.id, new Date());
      return stored.principal;
    };
    const fresh = this.keys.get(parsed.id);
    return fresh ? prove(fresh.stored) : this.lookUps.find(parsed.id).then(prove);
  }

  /** Whether a key that was proven is still valid: at once where it was looked up a moment ago. */
  isValid(id: ApiKeyId): boolean | Promise<boolean> {
    const fresh = this.keys.get(id);
    return fresh ? fresh.stored !== null : this.lookUps.find(id).then((stored) => stored !== null);
  }

  /** Whether the tenant exists; tenants are never removed, so a yes is remembered. */
  async tenantExists(tenantId: TenantId): Promise<boolean> {
    if (this.tenants.has(tenantId)) return true;
    const exists = await this.dataSource.manager.existsBy(TenantEntity, { id: tenantId });
    if (exists) this.tenants.set(tenantId, true);
    return exists;
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.flushTimer);
    await this.flushLastUsed().catch(() => undefined);
  }

  private async load(ids: readonly ApiKeyId[]): Promise<ReadonlyMap<ApiKeyId, StoredKey>> {
    const start = performance.now();
    const rows = await this.dataSource.query<
      { id: ApiKeyId; tenant_id: TenantId | null; role: Role; name: string; secret_hash: Buffer }[]
    >(
      `SELECT id, tenant_id, role, name, secret_hash FROM access.api_keys
        WHERE id = ANY ($1::text[]) AND revoked_at IS NULL`,
      [ids],
    );
    const found = new Map<ApiKeyId, StoredKey>(
      rows.map(({ id, tenant_id: tenantId, role, name, secret_hash: hash }) => [
        id,
        { principal: { actor: { role, keyId: id, name }, tenantId }, hash },
      ]),
    );
    // As old as the question: the answer may have been long on its way.
    for (const id of ids) this.keys.set(id, { stored: found.get(id) ?? null }, { start });
    return found;
  }

  private async flushLastUsed(): Promise<void> {
    if (this.used.size === 0) return;
    const uses = [...this.used];
    this.used.clear();
    await this.dataSource.query(
      `UPDATE access.api_keys k SET last_used_at = greatest(k.last_used_at, u.at)
         FROM unnest($1::text[], $2::timestamptz[]) AS u(id, at) WHERE k.id = u.id`,
      [uses.map(([id]) => id), uses.map(([, at]) => at)],
    );
  }
}

function tooManyLookUps(): Problem {
  return databaseFailed('Too many API keys wait to be looked up. Nothing was done; send it again shortly.');
}
