/** Every code of a problem that the API answers, with its HTTP status and title (RFC 9457). */
export const PROBLEMS = {
  'body-not-json': [400, 'The body is not JSON'],
  'api-key-missing': [401, 'No API key was sent'],
  'api-key-invalid': [401, 'The API key is not valid'],
  'role-not-allowed': [403, 'The role of the API key does not allow this'],
  'tenant-not-found': [404, 'There is no such tenant'],
  'smtp-user-not-found': [404, 'There is no such SMTP user'],
  'entry-not-found': [404, 'There is no such entry'],
  'api-key-not-found': [404, 'There is no such API key'],
  'route-not-found': [404, 'There is no such route'],
  'tenant-exists': [409, 'The tenant exists already'],
  'username-taken': [409, 'The username is taken'],
  'last-entry': [409, 'The last entry cannot be removed'],
  'restriction-empty': [409, 'A restriction cannot be empty'],
  'idempotency-key-reused': [409, 'The idempotency key was used for another request'],
  'version-mismatch': [412, 'The version is not the current one'],
  'body-too-large': [413, 'The body is too large'],
  'media-type-unsupported': [415, 'The media type is not supported'],
  'validation-failed': [422, 'The request is not valid'],
  'too-many-requests': [429, 'Too many requests'],
  'internal-error': [500, 'Something went wrong on our side'],
  'not-ready': [503, 'The service is not ready'],
  'read-side-behind': [503, 'The read side is behind'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;
