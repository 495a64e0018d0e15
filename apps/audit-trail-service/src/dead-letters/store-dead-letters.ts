import { createHash } from 'node:crypto';
import { TOPICS } from '@postern/contracts';
import type { UnreadableMessage } from '@postern/event-bus';
import type { EntityManager } from 'typeorm';
import { DeadLetter } from './dead-letter.entity.js';
import type { UnreadableDenial } from '../denials/record/denial-row.js';

/** For events with a field that no column accepts. Each is stored once. */
export async function deadLetterEvents(
  manager: EntityManager,
  consumer: string,
  denials: readonly UnreadableDenial[],
): Promise<void> {
  if (denials.length === 0) return;
  const letters = denials.map(({ event, why }) => ({
    id: event.eventId,
    consumer,
    topic: TOPICS.authDenials,
    tenantId: event.tenantId,
    reason: why,
    event,
  }));
  await manager.createQueryBuilder().insert().into(DeadLetter).values(letters).orIgnore().execute();
}

/** Stored once: the id is made of the message's position and bytes. */
export async function deadLetterMessage(
  manager: EntityManager,
  consumer: string,
  message: UnreadableMessage,
): Promise<void> {
  const letter = { id: idOf(consumer, message), consumer, ...message };
  await manager.createQueryBuilder().insert().into(DeadLetter).values(letter).orIgnore().execute();
}

/** A UUID of version 8 (RFC 9562). */
function idOf(consumer: string, { topic, partition, offset, key, value }: UnreadableMessage): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([consumer, topic, partition, offset, key, value]))
    .digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}
