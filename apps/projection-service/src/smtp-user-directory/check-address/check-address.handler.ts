import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { IpAddress } from '@postern/ip-ranges';
import { decideAccess, entryView, type RegisteredSmtpUser, type CheckedAddress } from '@postern/restrictions';
import { GetSmtpUser, GetSmtpUserHandler } from '../get-smtp-user.js';
import { SmtpUserPast } from '../smtp-user-past.js';
import { CheckAddress } from './check-address.query.js';

@QueryHandler(CheckAddress)
export class CheckAddressHandler implements IQueryHandler<CheckAddress> {
  constructor(
    @Inject(GetSmtpUserHandler) private readonly present: GetSmtpUserHandler,
    @Inject(SmtpUserPast) private readonly past: SmtpUserPast,
  ) {}

  async execute({ address, ip, at }: CheckAddress): Promise<CheckedAddress> {
    if (at === null) return explain(await this.present.execute(new GetSmtpUser(address)), ip, new Date());
    return explain(await this.past.read(address, at), ip, at);
  }
}

/** `smtpUser` as it was at `at`, and what is decided for the address. */
function explain(smtpUser: RegisteredSmtpUser, ip: IpAddress, at: Date): CheckedAddress {
  const { decision, reason, matched } = decideAccess(smtpUser, ip, at);
  const entry = matched === null ? undefined : smtpUser.entries[matched];
  return {
    ip: ip.text,
    at: at.toISOString(),
    decision,
    reason,
    mode: smtpUser.mode,
    matched: entry ? entryView(entry, at) : null,
    version: smtpUser.version,
  };
}
