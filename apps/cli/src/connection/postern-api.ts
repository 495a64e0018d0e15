import { randomUUID } from 'node:crypto';
import { EXIT } from '../exit-codes.js';
import { Failure, RequestRefused, usageFailure, type ProblemDocument } from '../failure.js';
import type { Connection } from './connection.js';
import { requestRepeatedly } from './repeated-request.js';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface GetOptions {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent without a key. */
  readonly open?: boolean;
  readonly attempts?: number;
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  readonly body?: unknown;
  /** Made anew where it is left out, so that a request which was sent twice is carried out once. */
  readonly idempotencyKey?: string | undefined;
  /** The version that is to be changed; whichever is current where it is left out. */
  readonly ifVersion?: number | '*' | undefined;
}

/** What a write answered; `version` for reading it back. */
export interface Written<Body> {
  readonly body: Body;
  readonly version: number | null;
}

/** Postern over HTTP. Each method throws `RequestRefused` for a problem, and `Failure` where no answer came. */
export class PosternApi {
  constructor(private readonly connection: Connection) {}

  async get<Body>(path: string, options: GetOptions = {}): Promise<Body> {
    const { query = {}, headers = {}, open = false, attempts, signal } = options;
    return requestRepeatedly({
      url: this.url(path, query),
      init: { headers: { accept: 'application/json', ...headers, ...(open ? {} : await this.authorization()) } },
      timeoutMs: this.connection.timeoutMs,
      ...(attempts === undefined ? {} : { attempts }),
      signal,
      read: (response) => read<Body>(response, undefined),
    });
  }

  async write<Body>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    { body, idempotencyKey = randomUUID(), ifVersion }: WriteOptions = {},
  ): Promise<Written<Body>> {
    return requestRepeatedly({
      url: this.url(path, {}),
      init: {
        method,
        headers: {
          accept: 'application/json',
          'idempotency-key': idempotencyKey,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(ifVersion === undefined ? {} : { 'if-match': ifVersion === '*' ? '*' : `"${ifVersion}"` }),
          ...(await this.authorization()),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      timeoutMs: this.connection.timeoutMs,
      read: async (response) => ({ body: await read<Body>(response, body), version: versionOf(response) }),
    });
  }

  /** The whole of a list as it is streamed. The time-out is that of the beginning: the rest comes as fast as it is read. */
  async stream(path: string, query: Query, accept: string): Promise<ReadableStream<Uint8Array>> {
    return requestRepeatedly({
      url: this.url(path, query),
      init: { headers: { accept, ...(await this.authorization()) } },
      timeoutMs: this.connection.timeoutMs,
      read: async (response) => {
        if (!response.ok) await read(response, undefined);
        if (!response.headers.get('content-type')?.startsWith(accept) || !response.body) {
          await response.body?.cancel();
          throw new Failure(EXIT.unavailable, `This Postern does not give the list as ${accept}.`);
        }
        return response.body as ReadableStream<Uint8Array>;
      },
    });
  }

  private url(path: string, query: Query): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    return `${this.connection.url}${path}${parameters.size > 0 ? `?${parameters.toString()}` : ''}`;
  }

  private async authorization(): Promise<{ authorization: string }> {
    return { authorization: `Bearer ${await this.connection.key()}` };
  }
}

/** A part of a path. Throws a usage failure for what would climb out of it. */
export function segment(text: string): string {
  if (text === '' || text === '.' || text === '..') throw usageFailure(`${JSON.stringify(text)} is no name or id.`);
  return encodeURIComponent(text);
}

async function read<Body>(response: Response, sent: unknown): Promise<Body> {
  const text = await response.text();
  if (response.status === 204) return undefined as Body;
  const json = parsed(text);
  if (response.ok && json !== undefined) return json as Body;
  if (response.status >= 400 && isProblem(json)) throw new RequestRefused(json, response.status, sent);
  throw new Failure(
    EXIT.unavailable,
    `${new URL(response.url).origin} answered (HTTP ${response.status}), but not as Postern does. ${whereElse(response)}`,
  );
}

function whereElse(response: Response): string {
  const location = response.headers.get('location');
  return location ? `It points to ${location}: set POSTERN_URL to there.` : 'Is POSTERN_URL or --url right?';
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

function versionOf(response: Response): number | null {
  const version = response.headers.get('postern-version');
  return version === null ? null : Number(version);
}
