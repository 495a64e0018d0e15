import type { DataSource } from 'typeorm';
import { DeadLetter } from './dead-letter.entity.js';

/** The dead letters, oldest first, at most `limit`. `audit` is connected as `postern_audit`, here and below. */
export function listDeadLetters(audit: DataSource, which: 'waiting' | 'all', limit: number): Promise<DeadLetter[]> {
  return audit.manager.find(DeadLetter, {
    where: which === 'all' ? {} : { state: 'waiting' },
    order: { putAsideAt: 'ASC', id: 'ASC' },
    take: limit,
  });
}

/** With what was dead-lettered: the event, or the message as it was received. */
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

/** Says of a letter that it is nothing; it is kept, and waits no more. False where none of this id waits. */
export async function discardDeadLetter(audit: DataSource, id: string): Promise<boolean> {
  const { affected } = await audit.manager.update(DeadLetter, { id, state: 'waiting' }, { state: 'discarded' });
  return affected === 1;
}
