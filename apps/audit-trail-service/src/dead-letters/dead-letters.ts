import type { DataSource } from 'typeorm';
import { isTime, isUuid, type ListOrder, type PageParams } from '@postern/lists';
import { actionOf, DeadLetter, type OnBehalfOf } from './dead-letter.entity.js';

export const DEAD_LETTERS_ORDER: ListOrder = { deadLetteredAt: isTime, id: isUuid };

/** `audit` is connected as `postern_audit`, also below. */
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

type Bytes = { readonly text: string } | { readonly base64: string } | null;

export type ReadableDeadLetter = Omit<DeadLetter, 'key' | 'value'> & { readonly key: Bytes; readonly value: Bytes };

export function readableLetter(letter: DeadLetter): ReadableDeadLetter {
  return { ...letter, key: readable(letter.key), value: readable(letter.value) };
}

function readable(bytes: Buffer | null): Bytes {
  if (bytes === null) return null;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? { text } : { base64: bytes.toString('base64') };
}
