import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type ApiKeyId, type Role, type TenantId, matchesHash, parseApiKey } from '@postern/contracts';
import type { Principal } from '@postern/http';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { FreshRows, MAX_CACHED_KEYS } from './fresh-rows.js';
import { TenantEntity } from './tables/tenant.entity.js';
import { Uses } from './uses.js';

interface StoredKey {
  readonly principal: Principal;
  readonly hash: Buffer;
}

@Injectable()
export class ApiKeyDirectory implements BeforeApplicationShutdown {
  private readonly keys = new FreshRows<ApiKeyId, StoredKey>((ids) => this.load(ids));
  private readonly tenants = new LRUCache<string, true>({ max: MAX_CACHED_KEYS });
  private readonly uses = new Uses<ApiKeyId>((uses) => this.writeUses(uses));

  constructor(@InjectDataSource('postern_access') private readonly dataSource: DataSource) {}

  /** Null if the key is malformed, unknown, revoked or wrong. @throws if the database fails. */
  authenticate(text: string): Principal | null | Promise<Principal | null> {
    const parsed = parseApiKey(text);
    if (!parsed) return null;
    return this.keys.with(parsed.id, (stored) => {
      if (stored?.principal.actor.role !== parsed.role || !matchesHash(text, stored.hash)) return null;
      this.noteUse(parsed.id);
      return stored.principal;
    });
  }

  isValid(id: ApiKeyId): boolean | Promise<boolean> {
    return this.keys.with(id, (stored) => {
      if (stored !== null) this.noteUse(id);
      return stored !== null;
    });
  }

  noteUse(id: ApiKeyId): void {
    this.uses.note(id);
  }

  async tenantExists(tenantId: TenantId): Promise<boolean> {
    if (this.tenants.has(tenantId)) return true;
    const exists = await this.dataSource.manager.existsBy(TenantEntity, { id: tenantId });
    if (exists) this.tenants.set(tenantId, true);
    return exists;
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.uses.stop();
  }

  private async load(ids: readonly ApiKeyId[]): Promise<ReadonlyMap<ApiKeyId, StoredKey>> {
    const rows = await this.dataSource.query<
      { id: ApiKeyId; tenant_id: TenantId | null; role: Role; name: string; secret_hash: Buffer }[]
    >(
      `SELECT id, tenant_id, role, name, secret_hash FROM access.api_keys
        WHERE id = ANY ($1::text[]) AND revoked_at IS NULL`,
      [ids],
    );
    return new Map(
      rows.map(({ id, tenant_id: tenantId, role, name, secret_hash: hash }) => [
        id,
        { principal: { actor: { role, keyId: id, name }, tenantId, session: null }, hash },
      ]),
    );
  }

  private writeUses(uses: ReadonlyMap<ApiKeyId, Date>): Promise<unknown> {
    return this.dataSource.query(
      `UPDATE access.api_keys k SET last_used_at = greatest(k.last_used_at, u.at)
         FROM unnest($1::text[], $2::timestamptz[]) AS u(id, at) WHERE k.id = u.id`,
      [[...uses.keys()], [...uses.values()]],
    );
  }
}
