import { hashSecret, newApiKey, type Role, type TenantId } from '@postern/contracts';
import { onDatabase } from './test-database.js';

/** Tenants and keys as rows of `access`, for tests of a service that reads them and makes none. */
export class AccessRows {
  constructor(private readonly ownerUrl: string) {}

  async tenant(id: string): Promise<TenantId> {
    await onDatabase(this.ownerUrl, (owner) =>
      owner.query(
        'INSERT INTO access.tenants (tenant_id, name, created_at) VALUES ($1, $1, now()) ON CONFLICT DO NOTHING',
        [id],
      ),
    );
    return id as TenantId;
  }

  /** A new key; one with a tenant is of that tenant. */
  async key(role: Role, tenantId: string | null = null): Promise<string> {
    const { id, text } = newApiKey(role);
    await onDatabase(this.ownerUrl, (owner) =>
      owner.query(
        `INSERT INTO access.api_keys (id, tenant_id, role, name, secret_hash, created_at) VALUES ($1, $2, $3, $3, $4, now())`,
        [id, tenantId, role, hashSecret(text)],
      ),
    );
    return text;
  }

  async revoke(key: string): Promise<void> {
    await onDatabase(this.ownerUrl, (owner) =>
      owner.query('UPDATE access.api_keys SET revoked_at = now() WHERE id = $1', [key.split('_')[2]]),
    );
  }
}
