import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { parseAddress, type IpAddress } from '@postern/ip-ranges';
import { Allow, Problem, Tenant } from '@postern/service-kit';
import { z } from 'zod';
import { MinVersion } from '../min-version.js';
import { CheckAddress, type CheckedAddress } from './check-address.query.js';

const AddressToCheck = z.strictObject({ ip: z.string() });

@Controller()
export class CheckAddressController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction/check')
  @Allow('admin', 'auditor', 'operator')
  check(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Query({ schema: AddressToCheck }) { ip }: z.infer<typeof AddressToCheck>,
  ): Promise<CheckedAddress> {
    const address = { tenantId, smtpUserId, minVersion };
    return this.queries.execute(new CheckAddress(address, addressOf(ip), new Date()));
  }
}

function addressOf(ip: string): IpAddress {
  const parsed = parseAddress(ip);
  if (parsed.ok) return parsed.value;
  const { code, detail, suggestions } = parsed;
  throw new Problem('validation-failed', `?ip: ${detail}`, { errors: [{ pointer: '?ip', code, detail, suggestions }] });
}
