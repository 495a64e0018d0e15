import { Query } from '@nestjs/cqrs';
import type { Actor, EventType, SmtpUserId, TenantId } from '@postern/contracts';

import type { Page, PageRequest } from '@postern/service-kit';
/** A change as the HTTP API shows it. */
export interface Change {
  readonly eventId: string;
  readonly type: EventType;
  readonly occurredAt: string;
  readonly actor: Actor;
  readonly requestId: string;
  /** Null where it concerns no SMTP user. */
  readonly smtpUserId: SmtpUserId | null;
  /** The SMTP user's name after the change. */
  readonly username: string | null;
  readonly data: unknown;
  /** What it touched, as it stood; null where nothing stood there. */
  readonly before: object | null;
  /** And as it stands since; null where it is gone. */
  readonly after: object | null;
  /** The version that the change made: of the SMTP user, or of what else it concerns. */
  readonly version: number;
}

/** The columns of CSV. */
export const CHANGE_COLUMNS = [
  'eventId',
  'type',
  'occurredAt',
  'actor.role',
  'actor.keyId',
  'actor.name',
  'requestId',
  'smtpUserId',
  'username',
  'version',
  'data',
  'before',
  'after',
] as const;

/** Whose changes. */
export interface ChangeScope {
  /** Null: what concerns no tenant. */
  readonly tenantId: TenantId | null;
  /** Null: all changes of the tenant. */
  readonly smtpUserId: string | null;
}

/** Changes, the newest first. */
export class ListChanges extends Query<Page<Change>> {
  constructor(
    readonly scope: ChangeScope,
    readonly page: PageRequest,
  ) {
    super();
  }
}
