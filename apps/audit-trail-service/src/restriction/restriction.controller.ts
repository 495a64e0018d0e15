import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { utcTime, type TenantId } from '@postern/contracts';
import { Allow, Documented, json, LongBody, MinVersion, Problem, SERVER_LIMITS, Tenant } from '@postern/http';
import { parseAddress, type IpAddress } from '@postern/ip-ranges';
import { z } from 'zod';
import { DaysParams } from '../sources/recent-sources.js';

import {
  PreviewBody,
  PreviewRestriction,
  restrictionPreviewView,
  type PreviewParams,
  type RestrictionPreview,
} from './preview-restriction.js';
import { suggestedRestrictionView, SuggestRestriction, type SuggestedRestriction } from './suggest-restriction.js';
import { CheckAddress, checkedAddressView, type CheckedAddress } from './check-address.js';

const AddressToCheck = z.strictObject({
  ip: z.string().meta({ description: 'An IPv4 or IPv6 address.', examples: ['203.0.113.9'] }),
  at: z
    .string()
    .optional()
    .meta({
      format: 'date-time',
      description: 'A time in the past; by default now.',
      examples: ['2026-11-01T00:00:00Z'],
    }),
});

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
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Query({ schema: AddressToCheck }) { ip, at }: z.infer<typeof AddressToCheck>,
  ): Promise<CheckedAddress> {
    const user = { tenantId, smtpUserId, minVersion };
    return this.queries.execute(
      new CheckAddress(user, addressOf(ip), at === undefined ? null : instantOf(at, new Date())),
    );
  }

  @Get('suggestion')
  @Documented({
    tag: 'Restrictions',
    summary: 'A short list that covers most logins of an SMTP user',
    takes: ['Postern-Min-Version'],
    answer: json(suggestedRestrictionView),
  })
  suggestRestriction(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Query({ schema: DaysParams }) { days }: z.infer<typeof DaysParams>,
  ): Promise<SuggestedRestriction> {
    return this.queries.execute(new SuggestRestriction({ tenantId, smtpUserId, minVersion }, days));
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
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Body({ schema: PreviewBody }) params: PreviewParams,
  ): Promise<RestrictionPreview> {
    return this.queries.execute(new PreviewRestriction({ tenantId, smtpUserId, minVersion }, params));
  }
}

function addressOf(ip: string): IpAddress {
  const parsed = parseAddress(ip);
  if (parsed.ok) return parsed.value;
  const { code, detail, suggestions } = parsed;
  throw new Problem('validation-failed', `?ip: ${detail}`, { errors: [{ pointer: '?ip', code, detail, suggestions }] });
}

function instantOf(text: string, now: Date): Date {
  const time = utcTime(text);
  if (time === null)
    throw atInvalid(`${JSON.stringify(text)} is not an RFC 3339 time. Write it as 2026-11-01T00:00:00Z.`);
  const at = new Date(time);
  if (at > now)
    throw atInvalid(
      `${time} is after now (${now.toISOString()}): the future is not known. Leave it out for the present decision.`,
    );
  return at;
}

function atInvalid(detail: string): Problem {
  const errors = [{ pointer: '?at', code: 'validation-failed', detail, suggestions: [] }];
  return new Problem('validation-failed', `?at: ${detail}`, { errors });
}
