import { PROBLEMS, type ProblemCode } from '@postern/http';

/** A problem as it is answered, for `toEqual`: all its members, of the detail only a part. */
export function problem(
  status: number,
  code: ProblemCode,
  detail: string,
  errors: readonly unknown[] = [],
  extra: object = {},
): object {
  return {
    type: `urn:postern:problem:${code}`,
    title: PROBLEMS[code][1],
    status,
    detail: matching(`a detail with ${JSON.stringify(detail)}`, (text) => text.includes(detail)),
    code,
    requestId: matching('a request id', (text) => /^[A-Za-z0-9._-]{1,64}$/.test(text)),
    errors,
    ...extra,
  };
}

/** A matcher as jest takes any object for one that has `asymmetricMatch`: jest itself is for test files alone. */
function matching(name: string, matches: (text: string) => boolean): object {
  return {
    $$typeof: Symbol.for('jest.asymmetricMatcher'),
    asymmetricMatch: (value: unknown) => typeof value === 'string' && matches(value),
    toString: () => name,
    toAsymmetricMatcher: () => name,
  };
}
