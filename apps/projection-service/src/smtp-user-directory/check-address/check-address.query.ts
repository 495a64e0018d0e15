import { Query } from '@nestjs/cqrs';
import type { IpAddress } from '@postern/ip-ranges';
import type { CheckedAddress } from '@postern/restrictions';
import type { SmtpUserAddress } from '../get-smtp-user.js';

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
