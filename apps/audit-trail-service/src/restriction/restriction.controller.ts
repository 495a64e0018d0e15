import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Allow, Documented, json, LongBody, MinVersion, SERVER_LIMITS } from '@postern/http';
import { InPath, type SmtpUserScope } from '../scope.js';
import { DaysParams } from '../sources/login-period.js';
import { CheckAddress, checkedAddressView, CheckParams, type CheckedAddress } from './check-address.js';
import {
  PreviewBody,
  PreviewRestriction,
  restrictionPreviewView,
  type RestrictionPreview,
} from './preview-restriction.js';
import { suggestedRestrictionView, SuggestRestriction, type SuggestedRestriction } from './suggest-restriction.js';

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction')
@Allow('admin', 'auditor', 'operator')
export class RestrictionController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('check')
  @Documented({
    tag: 'Restrictions',
    summary: 'Show the decision for an address, now or at an earlier time',
    takes: ['Postern-Min-Version'],
    answer: json(checkedAddressView),
  })
  checkAddress(
    @InPath() user: SmtpUserScope,
    @MinVersion() minVersion: number,
    @Query({ schema: CheckParams }) params: CheckParams,
  ): Promise<CheckedAddress> {
    return this.queries.execute(new CheckAddress({ ...user, minVersion }, params));
  }

  @Get('suggestion')
  @Documented({
    tag: 'Restrictions',
    summary: 'A short list that covers most logins of an SMTP user',
    takes: ['Postern-Min-Version'],
    answer: json(suggestedRestrictionView),
  })
  suggestRestriction(
    @InPath() user: SmtpUserScope,
    @MinVersion() minVersion: number,
    @Query({ schema: DaysParams }) params: DaysParams,
  ): Promise<SuggestedRestriction> {
    return this.queries.execute(new SuggestRestriction({ ...user, minVersion }, params));
  }

  @Post('preview')
  @HttpCode(200)
  @LongBody(SERVER_LIMITS.bodyBytes)
  @Documented({
    tag: 'Restrictions',
    summary: 'Show which past logins a change would have refused; changes nothing',
    takes: ['Postern-Min-Version'],
    answer: json(restrictionPreviewView),
    problems: ['entry-not-found', 'last-entry', 'restriction-empty'],
  })
  previewRestriction(
    @InPath() user: SmtpUserScope,
    @MinVersion() minVersion: number,
    @Body({ schema: PreviewBody }) params: PreviewBody,
  ): Promise<RestrictionPreview> {
    return this.queries.execute(new PreviewRestriction({ ...user, minVersion }, params));
  }
}
