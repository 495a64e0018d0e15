import { Query } from '@nestjs/cqrs';
import { whatChanged, type Actor, type EventType, type SmtpUserId, type TenantId } from '@postern/contracts';
import type { Page, PageRequest } from '@postern/lists';
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
  'occurredAt',
  'username',
  'sentence',
  'actor.name',
  'actor.role',
  'actor.keyId',
  'requestId',
  'type',
  'version',
  'smtpUserId',
  'eventId',
] as const;

/** A change as a row of CSV: a sentence in place of what only a program reads. */
export function changeRowOfCsv(change: Change): object {
  const sentence = whatChanged(change);
  return { ...change, sentence: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.` };
}

/** Which changes are asked for; what is left out is not looked at. */
export interface ChangeFilter {
  /** RFC 3339, UTC, milliseconds: occurred then or later. */
  readonly from?: string | undefined;
  /** Occurred before then. */
  readonly to?: string | undefined;
  /** The id or the name of the key that was used. */
  readonly actor?: string | undefined;
}

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
    readonly filter: ChangeFilter,
  ) {
    super();
  }
}
