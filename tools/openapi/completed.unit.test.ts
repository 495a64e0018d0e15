import { describe, expect, it } from '@jest/globals';
import { completed, impliedProblems } from './completed.js';
import { pathParameters } from './path-parameters.js';
import { byStatus, problemAnswer } from './problem-answers.js';

describe('what follows from a route', () => {
  it('is what it may be refused with before its use case is asked', () => {
    const open = { operationId: 'test', responses: {} };
    const secured = { ...open, security: [{ apiKey: ['admin'] }] };
    expect(impliedProblems('/health/live', 'get', open)).toEqual([
      'internal-error',
      'request-malformed',
      'request-timeout',
      'headers-too-large',
    ]);
    expect(impliedProblems('/v1/tenants/{tenantId}/smtp-users/{smtpUserId}', 'delete', secured)).toEqual([
      'internal-error',
      'request-malformed',
      'request-timeout',
      'headers-too-large',
      'not-ready',
      'api-key-missing',
      'api-key-invalid',
      'session-expired',
      'role-not-allowed',
      'too-many-requests',
      'cross-site-request',
      'route-not-found',
      'tenant-not-found',
      'smtp-user-not-found',
      'body-not-json',
      'body-too-large',
      'media-type-unsupported',
      'validation-failed',
    ]);
    const queried = { ...open, parameters: [{ name: 'limit', in: 'query' }] };
    expect(impliedProblems('/v1/tenants', 'get', queried)).toContain('validation-failed');
  });

  it('is a parameter for each in its path; one that nobody described stops it', () => {
    const parameters = pathParameters('/v1/tenants/{tenantId}/smtp-users/{smtpUserId}');
    expect(parameters).toMatchObject([
      { name: 'tenantId', in: 'path', required: true },
      { name: 'smtpUserId', in: 'path', required: true },
    ]);
    expect(() => pathParameters('/v1/{new}')).toThrow('Describe the path parameter new in path-parameters.ts');
  });
});

it('a route that nobody described stops the document, and says what to do', () => {
  const document = {
    openapi: '3.1.0',
    info: { title: '', version: '' },
    paths: { '/new': { get: { responses: {} } } },
  };
  expect(() => completed(document)).toThrow('Describe GET /new with @Documented');
});

describe('problems', () => {
  it('are answers by status, with their codes, headers and members', () => {
    expect([...byStatus(['not-ready', 'last-entry', 'read-side-behind', 'last-entry'])]).toEqual([
      [409, ['last-entry']],
      [503, ['not-ready', 'read-side-behind']],
    ]);
    const answer = problemAnswer(412, ['version-mismatch']) as {
      headers: object;
      content: Record<string, { schema: object }>;
    };
    const media = answer.content['application/problem+json'];
    expect(Object.keys(answer.headers)).toEqual(['X-Request-Id', 'Cache-Control', 'X-Content-Type-Options', 'ETag']);
    expect(media?.schema).toMatchObject({
      allOf: [{ $ref: '#/components/schemas/Problem' }],
      properties: { status: { const: 412 }, code: { enum: ['version-mismatch'] }, version: { type: 'integer' } },
    });
  });
});
