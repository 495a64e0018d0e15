import { PROBLEMS, type ProblemCode } from './catalogue.js';

/** What is wrong with one field of the request. */
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
  /** Further members of the answer, such as the current `version` of a mismatch. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error that is answered as `application/problem+json`; `detail` tells the caller what to do next. */
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

  /** The body of the answer, with API.md's members. */
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
