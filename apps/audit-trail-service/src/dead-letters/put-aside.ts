import { createHash } from 'node:crypto';
import { TOPICS } from '@postern/contracts';
import type { UnreadableMessage } from '@postern/event-bus';
import type { EntityManager } from 'typeorm';
import type { UnreadableDenial } from '../denials/record/denial-row.js';

/** Puts events aside that no column takes, with the reason and the event whole: each once, however often it comes. */
export async function putEventsAside(
  manager: EntityManager,
  consumer: string,
  denials: readonly UnreadableDenial[],
): Promise<void> {
  if (denials.length === 0) return;
  await manager.query(
    `INSERT INTO audit.dead_letters (id, consumer, topic, tenant_id, reason, event)
     SELECT id, $1, $2, tenant_id, reason, event::jsonb
       FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) AS u (id, tenant_id, reason, event)
     ON CONFLICT DO NOTHING`,
    [
      consumer,
      TOPICS.authDenials,
      denials.map(({ event }) => event.eventId),
      denials.map(({ event }) => event.tenantId),
      denials.map(({ why }) => why),
      denials.map(({ event }) => JSON.stringify(event)),
    ],
  );
}

/** Stores a message as a dead letter, as it was received: once, however often it comes, by an id that is made of its position and bytes. */
export async function putMessageAside(
  manager: EntityManager,
  consumer: string,
  message: UnreadableMessage,
): Promise<void> {
  const { topic, partition, offset, key, value, reason } = message;
  await manager.query(
    `INSERT INTO audit.dead_letters (id, consumer, topic, partition, "offset", reason, key, value)
     VALUES ($8, $1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    [consumer, topic, partition, offset, reason, key, value, idOf(consumer, message)],
  );
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
