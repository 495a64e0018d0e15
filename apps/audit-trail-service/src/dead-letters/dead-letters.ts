import { createHash } from 'node:crypto';
import { TOPICS, type Actor } from '@postern/contracts';
import { INSTANT } from '@postern/database';
import type { UnreadableMessage } from '@postern/event-bus';
import type { PageParams } from '@postern/lists';
import {
  Column,
  Entity,
  PrimaryColumn,
  type DataSource,
  type EntityManager,
  type QueryDeepPartialEntity,
} from 'typeorm';
import type { UnreadableDenial } from '../denials/record/denial-row.js';

export interface OnBehalfOf {
  readonly actor: Actor | null;
  readonly requestId: string | null;
  readonly machineUser: string | null;
}

interface DeadLetterAction extends OnBehalfOf {
  readonly action: 'retry' | 'discard';
  readonly at: string;
}

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

/** For events with a field that no column accepts. Each is stored once. */
export function deadLetterEvents(
  manager: EntityManager,
  consumer: string,
  denials: readonly UnreadableDenial[],
): Promise<void> {
  const { authDenials: topic } = TOPICS;
  return store(
    manager,
    denials.map(({ event, why: reason }) => ({
      id: event.eventId,
      consumer,
      topic,
      tenantId: event.tenantId,
      reason,
      event,
    })),
  );
}

/** Stored once: the id, a UUID of version 8 (RFC 9562), is made of the message's position and bytes. */
export function deadLetterMessage(manager: EntityManager, consumer: string, message: UnreadableMessage): Promise<void> {
  const { topic, partition, offset, key, value } = message;
  const hash = createHash('sha256').update(JSON.stringify([consumer, topic, partition, offset, key, value]));
  const id = hash.digest('hex').replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
  return store(manager, [{ id, consumer, ...message }]);
}

async function store(manager: EntityManager, letters: QueryDeepPartialEntity<DeadLetter>[]): Promise<void> {
  if (letters.length === 0) return;
  await manager.createQueryBuilder().insert().into(DeadLetter).values(letters).orIgnore().execute();
}

/** The oldest first. `audit` is connected as `postern_audit`, also below. */
export function listDeadLetters(
  audit: DataSource,
  which: 'waiting' | 'all',
  { limit, cursor }: PageParams,
): Promise<DeadLetter[]> {
  const [at, id] = cursor ?? ['-infinity', '00000000-0000-0000-0000-000000000000'];
  return audit.manager
    .createQueryBuilder(DeadLetter, 'letter')
    .where(which === 'all' ? {} : { state: 'waiting' })
    .andWhere('(letter.deadLetteredAt, letter.id) > (:at, :id)', { at, id })
    .orderBy({ 'letter.deadLetteredAt': 'ASC', 'letter.id': 'ASC' })
    .limit(limit)
    .getMany();
}

/** With its content: the event, or the message as received. */
export function findDeadLetter(audit: DataSource, id: string): Promise<DeadLetter | null> {
  return audit.manager
    .createQueryBuilder(DeadLetter, 'letter')
    .addSelect(['letter.event', 'letter.key', 'letter.value'])
    .where({ id })
    .getOne();
}

export function countWaiting(audit: DataSource): Promise<number> {
  return audit.manager.countBy(DeadLetter, { state: 'waiting' });
}

/** The row is kept. Returns false if no dead letter with this id is waiting. */
export async function discardDeadLetter(audit: DataSource, id: string, by: OnBehalfOf): Promise<boolean> {
  const change = { state: 'discarded', lastAction: actionOf('discard', by) } as const;
  const { affected } = await audit.manager.update(DeadLetter, { id, state: 'waiting' }, change);
  return affected === 1;
}

export function readableLetter(letter: DeadLetter) {
  return { ...letter, key: readable(letter.key), value: readable(letter.value) };
}

function readable(bytes: Buffer | null): { readonly text: string } | { readonly base64: string } | null {
  if (bytes === null) return null;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? { text } : { base64: bytes.toString('base64') };
}
