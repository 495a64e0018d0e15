import type { Actor, Recorded } from '@postern/contracts';

/** A change as `audit.changes` holds it. */
export interface ChangeRow {
  readonly position: number;
  readonly eventId: string;
  readonly occurredAt: string;
  readonly smtpUserId: string | null;
  readonly version: number;
  readonly type: string;
  readonly tenantId: string | null;
  readonly username: string | null;
  readonly actor: Actor;
  readonly requestId: string;
  readonly data: unknown;
}

/** The row of an event; `smtpUser` is whom it concerns, with the name after it, or null for tenants and keys. */
export function changeRow(
  event: Recorded,
  smtpUser: { readonly smtpUserId: string; readonly username: string } | null,
): ChangeRow {
  return {
    position: event.position,
    eventId: event.eventId,
    occurredAt: event.recordedAt,
    smtpUserId: smtpUser?.smtpUserId ?? null,
    version: event.version,
    type: event.type,
    tenantId: event.tenantId,
    username: smtpUser?.username ?? null,
    actor: event.metadata.actor,
    requestId: event.metadata.correlationId,
    data: withoutSecrets(event),
  };
}

/** An auditor is told that a key was issued, never what it could be found by. */
function withoutSecrets(event: Recorded): unknown {
  if (event.type !== 'ApiKeyIssued') return event.data;
  const { secretHash: _, ...told } = event.data;
  return told;
}
