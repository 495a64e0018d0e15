import createClient from 'openapi-fetch';
import type { components, paths } from '../../../../libs/contracts/src/api/schema.js';

/** Typed by /openapi.json. The browser sends the session cookie. */
export const api = createClient<paths>({ baseUrl: window.location.origin });

export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

export interface ProblemBody {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  readonly requestId: string;
  readonly errors?: readonly {
    readonly pointer: string;
    readonly code: string;
    readonly detail: string;
    readonly suggestions?: readonly string[];
  }[];
}

/** Postern refused. `problem` says why and what to do. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    readonly problem: ProblemBody,
    /** For the version and Retry-After. */
    readonly headers: Headers,
  ) {
    super(problem.detail);
  }
}

/** No answer, or one that is not Postern's. */
class Unreachable extends Error {
  override readonly name = 'Unreachable';
  override readonly message = 'Postern does not answer. It may be restarting.';
}

interface Answer<Data> {
  readonly data?: Data | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

/** Lists can also be CSV or NDJSON, which the dashboard never requests. */
type Json<Data> = Exclude<Data, string>;

/** The data of an answer. Throws `ApiProblem` or `Unreachable`. */
export async function take<Data>(request: Promise<Answer<Data>>): Promise<Json<Data>> {
  return (await takeWithHeaders(request)).data;
}

export async function takeWithHeaders<Data>(
  request: Promise<Answer<Data>>,
): Promise<{ data: Json<Data>; headers: Headers }> {
  let answer: Answer<Data>;
  try {
    answer = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Unreachable();
  }
  const { data, error, response } = answer;
  if (response.ok) return { data: data as Json<Data>, headers: response.headers };
  if (isProblem(error)) throw new ApiProblem(error, response.headers);
  throw new Unreachable();
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === 'object' && body !== null && 'code' in body && 'requestId' in body;
}
