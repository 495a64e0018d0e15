import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { restrictionView, type Restriction } from '@postern/restrictions';
import { SmtpUserReader } from '../smtp-user-reader.js';
import { GetRestriction } from './get-restriction.query.js';

@QueryHandler(GetRestriction)
export class GetRestrictionHandler implements IQueryHandler<GetRestriction> {
  constructor(@Inject(SmtpUserReader) private readonly smtpUsers: SmtpUserReader) {}

  async execute({ address }: GetRestriction): Promise<Restriction> {
    return restrictionView(await this.smtpUsers.read(address), new Date());
  }
}
