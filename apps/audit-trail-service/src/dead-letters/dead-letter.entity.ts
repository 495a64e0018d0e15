import type { Actor } from '@postern/contracts';
import { INSTANT } from '@postern/database';
import { Column, Entity, PrimaryColumn } from 'typeorm';

export interface DeadLetterAction {
  readonly action: 'retry' | 'discard';
  readonly at: string;
  readonly actor: Actor | null;
  readonly requestId: string | null;
  readonly machineUser: string | null;
}

export type OnBehalfOf = Omit<DeadLetterAction, 'action' | 'at'>;

export function actionOf(action: DeadLetterAction['action'], by: OnBehalfOf): DeadLetterAction {
  return { action, at: new Date().toISOString(), ...by };
}

const bigintAsNumber = {
  from: (digits: string | null) => (digits === null ? null : Number(digits)),
  to: (value: unknown) => value,
};

@Entity({ schema: 'audit', name: 'dead_letters' })
export class DeadLetter {
  @PrimaryColumn('uuid') readonly id!: string;
  @Column('text') readonly consumer!: string;
  @Column('text') readonly topic!: string;
  /** Null, like the offset, if it came as an event. */
  @Column('integer') readonly partition!: number | null;
  @Column('bigint', { transformer: bigintAsNumber }) readonly offset!: number | null;
  @Column('text', { name: 'tenant_id' }) readonly tenantId!: string | null;
  /** Why it was dead-lettered; after a retry, why it still is. */
  @Column('text') readonly reason!: string;
  /** `waiting`: to be retried; `settled`: recorded by a retry; `discarded`: somebody decided to ignore it. */
  @Column('text') readonly state!: 'waiting' | 'settled' | 'discarded';
  @Column({ name: 'dead_lettered_at', ...INSTANT }) readonly deadLetteredAt!: string;
  @Column({ name: 'retried_at', ...INSTANT }) readonly retriedAt!: string | null;
  @Column('integer') readonly retries!: number;
  @Column('json', { name: 'last_action' }) readonly lastAction!: DeadLetterAction | null;
  @Column('jsonb', { select: false }) readonly event!: unknown;
  @Column('bytea', { select: false }) readonly key!: Buffer | null;
  @Column('bytea', { select: false }) readonly value!: Buffer | null;
}
