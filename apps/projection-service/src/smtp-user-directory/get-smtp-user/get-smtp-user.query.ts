import { Query } from '@nestjs/cqrs';
import type { SmtpUser } from '@postern/restrictions';
import type { SmtpUserAddress } from '../smtp-user-reader.js';

export class GetSmtpUser extends Query<SmtpUser> {
  constructor(readonly address: SmtpUserAddress) {
    super();
  }
}
