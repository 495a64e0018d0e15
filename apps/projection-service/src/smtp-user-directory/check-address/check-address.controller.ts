import type { CheckedAddress } from '@postern/restrictions';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { utcTime, type TenantId } from '@postern/contracts';
import { parseAddress, type IpAddress } from '@postern/ip-ranges';
import { Allow, Documented, json, Problem, Tenant } from '@postern/http';
import { z } from 'zod';
import { MinVersion } from '../min-version.js';
import { checkedAddressView } from './checked-address-view.js';
import { CheckAddress } from './check-address.query.js';

const AddressToCheck = z.strictObject({
  ip: z.string().meta({ description: 'An IPv4 or IPv6 address.', examples: ['203.0.113.9'] }),
  at: z
    .string()
    .optional()
    .meta({ format: 'date-time', description: 'Not after now; left out: now.', examples: ['2026-11-01T00:00:00Z'] }),
});

@Controller()
export class CheckAddressController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction/check')
  @Allow('admin', 'auditor', 'operator')
  @Documented({
    tag: 'Restrictions',
    summary: 'Would this address be let in, now or at an earlier instant?',
    takes: ['Postern-Min-Version'],
    answer: json(checkedAddressView),
  })
  check(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Query({ schema: AddressToCheck }) { ip, at }: z.infer<typeof AddressToCheck>,
  ): Promise<CheckedAddress> {
    const address = { tenantId, smtpUserId, minVersion };
    return this.queries.execute(
      new CheckAddress(address, addressOf(ip), at === undefined ? null : instantOf(at, new Date())),
    );
  }
}

function addressOf(ip: string): IpAddress {
  const parsed = parseAddress(ip);
  if (parsed.ok) return parsed.value;
  const { code, detail, suggestions } = parsed;
  throw new Problem('validation-failed', `?ip: ${detail}`, { errors: [{ pointer: '?ip', code, detail, suggestions }] });
}

/** `?at`, an RFC 3339 time that is not after `now`: what will be decided then is not known. */
function instantOf(text: string, now: Date): Date {
  const time = utcTime(text);
  if (time === null) {
    throw atInvalid(`${JSON.stringify(text)} is no RFC 3339 time. Write it as 2026-11-01T00:00:00Z.`);
  }
  const at = new Date(time);
  if (at > now) {
    throw atInvalid(
      `${time} is after now (${now.toISOString()}): nobody knows what will stand then. Leave it out for now.`,
    );
  }
  return at;
}

function atInvalid(detail: string): Problem {
  const errors = [{ pointer: '?at', code: 'validation-failed', detail, suggestions: [] }];
  return new Problem('validation-failed', `?at: ${detail}`, { errors });
}
