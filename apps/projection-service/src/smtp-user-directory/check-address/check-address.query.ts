import { Query } from '@nestjs/cqrs';
import type { DecisionKind, Mode, ReasonCode } from '@postern/contracts';
import type { IpAddress } from '@postern/ip-ranges';
import type { Entry } from '@postern/restrictions';
import type { SmtpUserAddress } from '../smtp-user-reader.js';

/** A decision, explained: what a relay would decide at that instant, and upon what. */
export interface CheckedAddress {
  /** Canonical. */
  readonly ip: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string;
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  readonly mode: Mode;
  readonly matched: Entry | null;
  /** The SMTP user's version that was asked. */
  readonly version: number;
}

export class CheckAddress extends Query<CheckedAddress> {
  constructor(
    readonly address: SmtpUserAddress,
    readonly ip: IpAddress,
    /** The instant for which it is asked, not after now; null for now. */
    readonly at: Date | null,
  ) {
    super();
  }
}
