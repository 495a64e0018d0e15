import type { ApiKeyId, Role, TenantId } from '@postern/contracts';
import { INSTANT } from '@postern/database';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Grants are by column: a query selects what its role may see. */
@Entity({ schema: 'access', name: 'api_keys' })
export class ApiKeyEntity {
  @PrimaryColumn('text') readonly id!: ApiKeyId;
  @Column('text', { name: 'tenant_id' }) readonly tenantId!: TenantId | null;
  @Column('text') readonly role!: Role;
  @Column('text') readonly name!: string;
  @Column('bytea', { name: 'secret_hash' }) readonly secretHash!: Buffer;
  @Column({ name: 'created_at', ...INSTANT }) readonly createdAt!: string;
  @Column({ name: 'revoked_at', ...INSTANT }) readonly revokedAt!: string | null;
  @Column({ name: 'last_used_at', ...INSTANT }) readonly lastUsedAt!: string | null;
}
