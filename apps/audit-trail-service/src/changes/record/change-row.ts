import type { Actor, Recorded } from '@postern/contracts';
import type { BeforeAndAfter } from './before-and-after.js';

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
  readonly before: object | null;
  readonly after: object | null;
}

/** The row of an event; `smtpUser` is whom it concerns, with the name after it, or null for tenants and keys. */
export function changeRow(
  event: Recorded,
  smtpUser: { readonly smtpUserId: string; readonly username: string } | null,
  { before, after }: BeforeAndAfter,
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
    data: event.data,
    before,
    after,
  };
}
