import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { commandDatabase, StartedService } from '../testing/started-service.js';

let database: TestDatabase;
let service: StartedService;

beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

it('a service that runs by itself documents its own routes, and the schemas that they need', async () => {
  const { body } = await service.call('GET', '/openapi.json');
  const user = '/v1/tenants/{tenantId}/smtp-users/{smtpUserId}';
  expect(Object.keys(body['paths'] ?? {}).sort()).toEqual([
    '/',
    '/docs',
    '/health/live',
    '/health/ready',
    '/metrics',
    '/openapi.json',
    '/v1/api-keys',
    '/v1/api-keys/{keyId}',
    '/v1/relay/auth-denials',
    '/v1/relay/decisions',
    '/v1/tenants',
    '/v1/tenants/{tenantId}/api-keys',
    '/v1/tenants/{tenantId}/api-keys/{keyId}',
    '/v1/tenants/{tenantId}/smtp-users',
    user,
    `${user}/restriction`,
    `${user}/restriction/entries`,
    `${user}/restriction/entries/{entryId}`,
    `${user}/restriction/mode`,
    '/v1/whoami',
  ]);
  expect(Object.keys(body['components']?.['schemas'] ?? {})).toEqual([
    'AddEntriesRequest',
    'ApiKey',
    'ApiKeyPage',
    'ChangeModeRequest',
    'CreateTenantRequest',
    'DecideLoginRequest',
    'DenialReport',
    'Entry',
    'IssueApiKeyRequest',
    'IssuedApiKey',
    'IssueTenantApiKeyRequest',
    'LoginDecision',
    'Problem',
    'RegisterSmtpUserRequest',
    'RejectedDenial',
    'RenameSmtpUserRequest',
    'ReplaceRestrictionRequest',
    'Reply',
    'ReportDenialsRequest',
    'ReportedDenials',
    'Restriction',
    'SmtpUser',
    'StartingPoint',
    'Tenant',
    'TenantPage',
    'Warning',
    'WhoAmI',
  ]);
});
