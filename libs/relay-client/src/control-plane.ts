import { once } from 'node:events';
import http from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { Backoff } from '@postern/async';
import type { Settings } from './settings.js';
import type { ProblemCode, RelayProblem } from './status.js';

/** An answer with 1,000 rejected denials has about 200 KB. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
/** The wait before the preferred upstream is tried again doubles up to this many times `preferAgainMs`. */
const MAX_WAIT_FACTOR = 10;

/** An answer with a status other than 200. A proxy may have sent it. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: number,
    what: string,
    /** 0 if there was no `Retry-After` in seconds. */
    readonly retryAfterMs: number,
    body: string,
    /** The `code` of Postern's problem (RFC 9457); null if another server answered. */
    readonly problemCode: string | null,
  ) {
    super(`The control plane answered ${what} with ${status}: ${excerpt(body)}`);
  }

  get keyRefused(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/** A status of 200 that Postern cannot have sent: a proxy, a login page or another service answers at this URL. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
  readonly problem: ProblemCode = 'answer-unexpected';

  constructor(what: string, found: string) {
    super(
      `The answer to ${what} is not Postern's: ${excerpt(found)}. ` +
        'Check the URL of the control plane, and any proxy between it and this relay.',
    );
  }
}

export interface Question {
  readonly method?: 'GET' | 'POST';
  readonly accept: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The request fails after this time without a byte, also in the middle of its answer. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** The upstreams and which one is in use. Requests that run at the same time need an instance each. */
export class ControlPlane {
  private inUse = 0;
  private preferAgainAt = 0;
  private readonly wait: Backoff;

  constructor(private readonly settings: Settings) {
    const { preferAgainMs } = settings;
    this.wait = new Backoff(preferAgainMs, MAX_WAIT_FACTOR * preferAgainMs);
  }

  get host(): string {
    return new URL(this.settings.urls[this.inUse] as string).host;
  }

  /** Milliseconds until the preferred upstream is tried again; null while it is in use. */
  get preferAgainMs(): number | null {
    return this.inUse === 0 ? null : Math.max(0, this.preferAgainAt - this.settings.elapsed());
  }

  /** Tries the upstream in use, then the others in order, until `read` accepts an answer. @throws the last error. */
  async ask<T>(path: string, question: Question, read: (response: IncomingMessage) => Promise<T>): Promise<T> {
    const { urls, onProblem } = this.settings;
    if (this.preferAgainMs === 0) this.inUse = 0;
    for (let left = urls.length - 1; ; left--) {
      const url = urls[this.inUse] as string;
      try {
        const result = await read(await askAt(url, this.settings, path, question));
        if (this.inUse === 0) this.wait.reset();
        return result;
      } catch (error) {
        if (refusedForGood(error)) throw error;
        this.next();
        if (left === 0 || question.signal.aborted) throw error;
        const { code, detail } = problemOf(error);
        onProblem({ code, detail: `${new URL(url).host}: ${detail} The next upstream is used.` });
      }
    }
  }

  next(): void {
    const { urls, elapsed } = this.settings;
    if (this.inUse === 0) this.preferAgainAt = elapsed() + this.wait.nextMs();
    this.inUse = (this.inUse + 1) % urls.length;
  }
}

/** @throws Refused, UnexpectedAnswer, network errors. `fetch` is not used: its streams cost a second of CPU for a snapshot of a million users. */
async function askAt(base: string, settings: Settings, path: string, question: Question): Promise<IncomingMessage> {
  const { method = 'GET', accept, headers, body, idleMs, signal } = question;
  const { key, tls, relayName, client } = settings;
  const url = new URL(path, base);
  const secure = url.protocol === 'https:';
  const request = (secure ? https : http).request(url, {
    ...tls,
    method,
    signal,
    timeout: Math.min(CONNECT_TIMEOUT_MS, idleMs),
    headers: {
      authorization: `Bearer ${key}`,
      accept,
      'user-agent': client,
      'postern-relay': encodeURIComponent(relayName.toWellFormed()),
      ...headers,
    },
  });
  const connected = (): void => void request.setTimeout(idleMs);
  request.on('socket', (socket) => {
    if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', connected);
    else connected();
  });
  let running: ClientRequest | IncomingMessage = request;
  request.on('timeout', () => void running.destroy(new Error('The control plane was silent for too long.')));
  // After the answer has begun, its reader gets the error.
  request.on('error', () => undefined);
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  running = response;

  const what = `${method} ${path}`;
  const type = (response.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const status = response.statusCode ?? 0;
  if (status === 200 && type === accept) return response;
  if (status === 200) {
    response.destroy();
    throw new UnexpectedAnswer(what, `it has the media type "${type}", not "${accept}"`);
  }
  const text = await readText(response).catch(() => '');
  const code = type === 'application/problem+json' ? problemCode(text, status) : null;
  throw new Refused(status, what, retryAfterMs(response), text, code);
}

/** @throws UnexpectedAnswer if the answer is not JSON or too long. */
export async function readJson(response: IncomingMessage, what: string): Promise<unknown> {
  const body = await readText(response);
  try {
    return JSON.parse(body);
  } catch {
    throw new UnexpectedAnswer(what, body);
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function problemCode(body: string, status: number): string | null {
  try {
    const problem = JSON.parse(body) as { code?: unknown; status?: unknown } | null;
    return problem?.status === status && typeof problem.code === 'string' ? problem.code : null;
  } catch {
    return null;
  }
}

function retryAfterMs(response: IncomingMessage): number {
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : 0;
}

function excerpt(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}

export function retryMs(
  error: unknown,
  backoff: { nextMs(): number },
  limits: { readonly retryMaxMs: number; readonly refusedRetryMs: number },
): number {
  if (!(error instanceof Refused)) return backoff.nextMs();
  if (error.keyRefused) return limits.refusedRetryMs;
  return Math.min(limits.retryMaxMs, Math.max(error.retryAfterMs, backoff.nextMs()));
}

/** Postern refused the request itself: it will be refused again. Another server's 4xx, or a 400, do not prove that. */
export function refusedForGood(error: unknown): error is Refused {
  if (!(error instanceof Refused)) return false;
  const { status, problemCode } = error;
  return (
    (status === 413 && problemCode === 'body-too-large') || (status === 422 && problemCode === 'validation-failed')
  );
}

/** Errors of this library have their code in `problem`. */
export function problemOf(error: unknown): RelayProblem {
  const detail = describe(error);
  if (error instanceof Refused && error.keyRefused)
    return { code: 'key-refused', detail: `${detail} Give this relay a valid key; it keeps its last policies.` };
  const { problem = 'control-plane-unreachable' } = (error ?? {}) as { problem?: ProblemCode };
  return { code: problem, detail };
}

/** A network error may have no text of its own, only those of the addresses that were tried. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message : String(error);
}
