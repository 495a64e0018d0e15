export interface FieldProblem {
  /** JSON Pointer (RFC 6901) into the body, or `?name` for a query parameter. */
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
  readonly suggestions?: readonly string[];
}

export interface ProblemOptions {
  readonly errors?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Such as the current `version` of a mismatch. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  readonly databaseFailed?: boolean | undefined;
}

/** `detail` says what the caller should do next. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly options: ProblemOptions = {},
  ) {
    super(detail, { cause: options.cause });
    this.status = PROBLEMS[code][0];
  }

  toJson(requestId: string): Record<string, unknown> {
    return {
      type: `urn:postern:problem:${this.code}`,
      title: PROBLEMS[this.code][1],
      status: this.status,
      detail: this.message,
      code: this.code,
      requestId,
      errors: (this.options.errors ?? []).map((error) => ({ suggestions: [], ...error })),
      ...this.options.extra,
    };
  }
}

export const PROBLEMS = {
  'request-malformed': [400, 'The request cannot be read'],
  'body-not-json': [400, 'The body is not JSON'],
  'api-key-missing': [401, 'No API key was sent'],
  'api-key-invalid': [401, 'The API key is not valid'],
  'session-expired': [401, 'The session has ended'],
  'sign-in-code-invalid': [401, 'The sign-in code is not valid'],
  'role-not-allowed': [403, 'The role of the API key does not allow this'],
  'cross-site-request': [403, 'The request does not come from a page of Postern'],
  'tenant-not-found': [404, 'There is no such tenant'],
  'smtp-user-not-found': [404, 'There is no such SMTP user'],
  'entry-not-found': [404, 'There is no such entry'],
  'api-key-not-found': [404, 'There is no such API key'],
  'dead-letter-not-found': [404, 'There is no such dead letter'],
  'route-not-found': [404, 'There is no such route'],
  'tenant-exists': [409, 'The tenant exists already'],
  'username-taken': [409, 'The username is taken'],
  'last-entry': [409, 'The last entry cannot be removed'],
  'restriction-empty': [409, 'A restriction cannot be empty'],
  'dead-letter-not-waiting': [409, 'The dead letter no longer waits'],
  'last-operator-key': [409, 'The last live operator key cannot be revoked'],
  'idempotency-key-reused': [409, 'The Idempotency-Key was used for another request'],
  'lockout-risk': [409, 'The change would refuse addresses that log in'],
  'request-timeout': [408, 'The request did not arrive in time'],
  'version-mismatch': [412, 'The version is not the current one'],
  'body-too-large': [413, 'The body is too large'],
  'media-type-unsupported': [415, 'The media type is not supported'],
  'headers-too-large': [431, 'The headers are too large'],
  'validation-failed': [422, 'The request is not valid'],
  'if-match-required': [428, 'The request needs If-Match'],
  'too-many-requests': [429, 'Too many requests'],
  'internal-error': [500, 'An error in Postern'],
  'not-ready': [503, 'The service is not ready'],
  'export-incomplete': [503, 'The export is not complete'],
  'read-side-behind': [503, 'Reads do not show the write yet'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;
