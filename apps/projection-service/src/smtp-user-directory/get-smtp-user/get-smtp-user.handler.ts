import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { smtpUserView, type SmtpUser } from '@postern/restrictions';
import { SmtpUserReader } from '../smtp-user-reader.js';
import { GetSmtpUser } from './get-smtp-user.query.js';

@QueryHandler(GetSmtpUser)
export class GetSmtpUserHandler implements IQueryHandler<GetSmtpUser> {
  constructor(@Inject(SmtpUserReader) private readonly smtpUsers: SmtpUserReader) {}

  async execute({ address }: GetSmtpUser): Promise<SmtpUser> {
    return smtpUserView(await this.smtpUsers.read(address), new Date());
  }
}
