import type { TenantId } from '@postern/contracts';
import { INSTANT } from '@postern/database';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ schema: 'access', name: 'tenants' })
export class TenantEntity {
  @PrimaryColumn('text', { name: 'tenant_id' }) readonly id!: TenantId;
  @Column('text') readonly name!: string;
  @Column({ name: 'created_at', ...INSTANT }) readonly createdAt!: string;
}
