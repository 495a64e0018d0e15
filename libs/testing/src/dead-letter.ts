import { newId } from '@postern/contracts';
import { onDatabase } from './test-database.js';

/** Stores an event of the tenant `acme` as a dead letter of the audit trail, as the owner; gives its id. */
export async function insertDeadLetter(ownerUrl: string, event: object): Promise<string> {
  const id = newId();
  const recorded = {
    eventId: id,
    position: 1,
    tenantId: 'acme',
    streamId: `auth-denials/${newId()}`,
    version: 1,
    metadata: { actor: { role: 'relay', keyId: newId(), name: 'mx1' }, correlationId: 'x', causationId: null },
    recordedAt: new Date().toISOString(),
    ...event,
  };
  await onDatabase(ownerUrl, (owner) =>
    owner.query(
      `INSERT INTO audit.dead_letters (id, consumer, topic, reason, event) VALUES ($1, 'audit-denials', 'postern.auth-denials.v1', 'x', $2)`,
      [id, recorded],
    ),
  );
  return id;
}
