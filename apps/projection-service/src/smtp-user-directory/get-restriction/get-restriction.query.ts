import { Query } from '@nestjs/cqrs';
import type { Restriction } from '@postern/restrictions';
import type { SmtpUserAddress } from '../smtp-user-reader.js';

export class GetRestriction extends Query<Restriction> {
  constructor(readonly address: SmtpUserAddress) {
    super();
  }
}
