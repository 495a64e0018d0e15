import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId, Page } from '@postern/contracts';
import { Allow, Documented, json, Tenant, type Documentation } from '@postern/http';
import { pageFields } from '@postern/lists';
import { z } from 'zod';
import { LONGEST_NAME } from '../tenant/tenants.js';
import { plainText } from '../write/plain-text.js';
import { Context, type WriteRequest } from '../write/request-context.js';
import { Write, Writes } from '../write/writes.js';
import { apiKeyPageView, issuedApiKeyView, type ApiKey, type IssuedApiKey } from './api-keys.js';
import { IssueApiKey } from './issue-api-key.js';
import { API_KEYS_ORDER, ListApiKeys } from './list-api-keys.js';
import { RevokeApiKey } from './revoke-api-key.js';

const OwnKeyBody = z.strictObject({
  role: z.enum(
    ['relay', 'operator'],
    'One of: relay, operator. Keys of the roles admin and auditor belong to a tenant.',
  ),
  name: plainText(LONGEST_NAME),
});
const TenantKeyBody = z.strictObject({
  role: z.enum(
    ['admin', 'auditor'],
    'One of: admin, auditor. Keys of the roles relay and operator belong to no tenant.',
  ),
  name: plainText(LONGEST_NAME),
});
const KeysQuery = z.strictObject(pageFields(API_KEYS_ORDER));

const issuing = (summary: string): Documentation => ({
  tag: 'API keys',
  summary,
  status: 201,
  answer: json(issuedApiKeyView),
});

@Controller('v1')
export class ApiKeysController {
  constructor(
    @Inject(Writes) private readonly writes: Writes,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Post('api-keys')
  @Allow('operator')
  @Write(issuing('Issue a key of an operator or a relay'))
  issueApiKey(
    @Body({ schema: OwnKeyBody }) { role, name }: z.infer<typeof OwnKeyBody>,
    @Context() context: WriteRequest,
  ): Promise<IssuedApiKey> {
    return this.writes.carryOut(context, new IssueApiKey(null, role, name, context));
  }

  @Post('tenants/:tenantId/api-keys')
  @Allow('operator', 'admin')
  @Write(issuing('Issue a key of a tenant'))
  issueTenantApiKey(
    @Tenant() tenantId: TenantId,
    @Body({ schema: TenantKeyBody }) { role, name }: z.infer<typeof TenantKeyBody>,
    @Context() context: WriteRequest,
  ): Promise<IssuedApiKey> {
    return this.writes.carryOut(context, new IssueApiKey(tenantId, role, name, context));
  }

  @Get('api-keys')
  @Allow('operator')
  @Documented({ tag: 'API keys', summary: 'List the keys of operators and relays', answer: json(apiKeyPageView) })
  listApiKeys(@Query({ schema: KeysQuery }) query: z.infer<typeof KeysQuery>): Promise<Page<ApiKey>> {
    return this.queries.execute(new ListApiKeys(null, query));
  }

  @Get('tenants/:tenantId/api-keys')
  @Allow('operator', 'admin')
  @Documented({ tag: 'API keys', summary: 'List the keys of a tenant', answer: json(apiKeyPageView) })
  listTenantApiKeys(
    @Tenant() tenantId: TenantId,
    @Query({ schema: KeysQuery }) query: z.infer<typeof KeysQuery>,
  ): Promise<Page<ApiKey>> {
    return this.queries.execute(new ListApiKeys(tenantId, query));
  }

  @Delete('api-keys/:keyId')
  @Allow('operator')
  @Write({
    tag: 'API keys',
    summary: 'Revoke a key of an operator or a relay',
    status: 204,
    problems: ['api-key-not-found', 'last-operator-key'],
  })
  revokeApiKey(@Param('keyId') keyId: string, @Context() context: WriteRequest): Promise<null> {
    return this.writes.carryOut(context, new RevokeApiKey(null, keyId, context));
  }

  @Delete('tenants/:tenantId/api-keys/:keyId')
  @Allow('operator', 'admin')
  @Write({ tag: 'API keys', summary: 'Revoke a key of a tenant', status: 204, problems: ['api-key-not-found'] })
  revokeTenantApiKey(
    @Tenant() tenantId: TenantId,
    @Param('keyId') keyId: string,
    @Context() context: WriteRequest,
  ): Promise<null> {
    return this.writes.carryOut(context, new RevokeApiKey(tenantId, keyId, context));
  }
}
