import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Connection } from './connection.js';
import { EXIT, Failure, RequestRefused, usageFailure, type ProblemDocument } from './failure.js';

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 200;
const PASSING = new Set([429, 502, 503, 504]);

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface GetOptions {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly open?: boolean;
  readonly attempts?: number;
  readonly signal?: AbortSignal;
}

export type WriteMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface WriteOptions {
  readonly body?: unknown;
  /** By default generated, so that a request that is sent twice is carried out once. */
  readonly idempotencyKey?: string;
  /** By default, the current version. */
  readonly ifVersion?: number | '*';
  readonly guard?: boolean;
  /** With `guard`: the digest of the addresses that may be refused. */
  readonly accept?: string;
}

/** Methods throw `RequestRefused` for a problem, `Failure` without an answer. */
export class PosternApi {
  constructor(private readonly connection: Connection) {}

  get url(): string {
    return this.connection.url;
  }

  get<Body>(path: string, options: GetOptions = {}): Promise<Body> {
    return this.send(path, options, read<Body>);
  }

  ask<Body>(path: string, body: unknown): Promise<Body> {
    return this.send(path, { method: 'POST', body }, read<Body>);
  }

  /** Returns the answer's body, and the version for reading it back. */
  write<Body>(
    method: WriteMethod,
    path: string,
    { body, idempotencyKey = randomUUID(), ifVersion, guard, accept }: WriteOptions = {},
  ): Promise<{ readonly body: Body; readonly version: number | null }> {
    const headers = {
      'idempotency-key': idempotencyKey,
      ...(ifVersion === undefined ? {} : { 'if-match': ifVersion === '*' ? '*' : `"${ifVersion}"` }),
      ...(guard && { 'postern-guard': accept === undefined ? 'lockout' : `lockout; accept="${accept}"` }),
    };
    return this.send(path, { method, headers, body }, async (response) => {
      const version = response.headers.get('postern-version');
      return { body: await read<Body>(response), version: version === null ? null : Number(version) };
    });
  }

  /** The time-out covers only the beginning. */
  stream(
    path: string,
    query: Query,
    accept: string,
    { headers, ...options }: Pick<GetOptions, 'headers' | 'signal'> = {},
  ): Promise<ReadableStream<Uint8Array>> {
    return this.send(path, { query, headers: { accept, ...headers }, ...options }, async (response) => {
      if (!response.ok) await read(response);
      if (response.headers.get('content-type')?.startsWith(accept) && response.body) return response.body;
      await response.body?.cancel();
      throw new Failure(EXIT.unavailable, `This Postern does not answer with ${accept}.`);
    });
  }

  /**
   * Sends a request that is safe to repeat. Repeats it after a lost connection or a temporary error, with doubling pauses or `Retry-After`.
   * Resolves to `take` of the last answer, whatever its status. @throws `Failure` if no answer came in time; the reason of `signal`.
   */
  private async send<Result>(
    path: string,
    request: GetOptions & { readonly method?: WriteMethod; readonly body?: unknown },
    take: (response: Response) => Promise<Result>,
  ): Promise<Result> {
    const { query = {}, headers = {}, open = false, attempts = ATTEMPTS, signal, method = 'GET', body } = request;
    const { timeoutMs } = this.connection;
    const url = new URL(`${this.connection.url}${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const key = open ? {} : { authorization: `Bearer ${await this.connection.key()}` };
    const content = body === undefined ? null : { 'content-type': 'application/json' };
    const late = new AbortController();
    const init: RequestInit = {
      method,
      headers: { accept: 'application/json', ...content, ...headers, ...key },
      redirect: 'manual',
      signal: AbortSignal.any(signal ? [late.signal, signal] : [late.signal]),
      ...(content && { body: JSON.stringify(body) }),
    };
    const deadline = Date.now() + timeoutMs;
    const timer = setTimeout(() => late.abort(), timeoutMs);
    try {
      for (let attempt = 1; ; attempt += 1) {
        let pause = FIRST_PAUSE_MS * 2 ** (attempt - 1);
        const isLast = () => attempt === attempts || Date.now() + pause >= deadline;
        try {
          const response = await fetch(url, init);
          pause = retryAfter(response) ?? pause;
          if (!PASSING.has(response.status) || isLast()) return await take(response);
          await response.body?.cancel();
        } catch (error) {
          if (error instanceof Failure || signal?.aborted) throw error;
          if (late.signal.aborted) throw tooSlow(url, timeoutMs);
          if (isLast()) throw unreachable(url, error);
        }
        await wait(pause, undefined, { signal });
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @throws a usage failure for a text that would leave its part of the path. */
export function segment(text: string): string {
  if (text === '' || text === '.' || text === '..')
    throw usageFailure(`${JSON.stringify(text)} is not a name or an id.`);
  return encodeURIComponent(text);
}

function retryAfter({ headers }: Response): number | null {
  const seconds = headers.get('retry-after') ?? '';
  return /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : null;
}

async function read<Body>(response: Response): Promise<Body> {
  const text = await response.text();
  if (response.status === 204) return undefined as Body;
  const json = parsed(text);
  if (response.ok && json !== undefined) return json as Body;
  if (response.status >= 400 && isProblem(json)) throw new RequestRefused(json, response.status);
  const location = response.headers.get('location');
  const hint = location
    ? `It redirects to ${location}: set POSTERN_URL to that address.`
    : 'Is POSTERN_URL or --url right?';
  throw new Failure(
    EXIT.unavailable,
    `${new URL(response.url).origin} answered (HTTP ${response.status}), but not as Postern does. ${hint}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblem(json: unknown): json is ProblemDocument {
  return typeof json === 'object' && json !== null && 'code' in json && typeof json.code === 'string';
}

function tooSlow({ origin }: URL, timeoutMs: number): Failure {
  const message = `${origin} did not answer within ${timeoutMs / 1_000} s. To wait longer, use --timeout.`;
  return new Failure(EXIT.unavailable, message);
}

function unreachable({ origin }: URL, error: unknown): Failure {
  const cause = (error instanceof Error && error.cause) || error;
  const { code, message } = cause as NodeJS.ErrnoException;
  return new Failure(
    EXIT.unavailable,
    `Postern cannot be reached at ${origin} (${code ?? message}). Does it run, and is POSTERN_URL or --url right?`,
    { cause: error },
  );
}
