import type { Actor, Recorded } from '@postern/contracts';
import type { KnownSmtpUser } from '@postern/read-models';
import type { BeforeAndAfter } from './before-and-after.js';

/** Every 32nd change of an SMTP user has its complete state, so that a past state needs only a few changes. */
export const CHANGES_PER_STATE = 32;

export function carriesState({ version }: Pick<Recorded, 'version'>): boolean {
  return version % CHANGES_PER_STATE === 0;
}

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
  /** The complete SMTP user after it; usually null. */
  readonly state: KnownSmtpUser | null;
}

export function changeRow(
  event: Recorded,
  smtpUser: KnownSmtpUser | null,
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
    state: carriesState(event) ? smtpUser : null,
  };
}
