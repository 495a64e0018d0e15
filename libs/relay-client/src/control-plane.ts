import { once } from 'node:events';
import http from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { Backoff } from '@postern/async';
import type { Settings } from './settings.js';
import type { ProblemCode, RelayProblem } from './status.js';

/** The largest answer that is read in one piece: 1,000 rejected denials take some 200 KB. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** An upstream that has not taken the connection by then is given up; a host that is gone answers nothing at all. */
const CONNECT_MS = 5_000;
/** The wait for the preferred upstream grows up to so many times the first one. */
const LONGEST_WAITS = 10;

/** The control plane, or whoever answers in its place, answered with another status than 200. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: number,
    what: string,
    /** From `Retry-After`, where it was sent in seconds. */
    readonly retryAfterMs: number,
    body: string,
    /** The `code` of Postern's problem (RFC 9457); null where the answer is not Postern's. */
    readonly problemCode: string | null,
  ) {
    super(`The control plane answered ${what} with ${status}: ${excerpt(body)}`);
  }

  /** The key is wrong, revoked, or of another role: only another key helps. */
  get keyRefused(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/** A 200 that Postern cannot have sent: a proxy, a login page or another service answers at this URL. */
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
  /** The media type that is asked for. */
  readonly accept: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** So long without a byte, and the request is given up, also in the middle of its answer. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** The upstreams, of which one is in use. Whoever asks of different things at the same time has one each. */
export class ControlPlane {
  private inUse = 0;
  /** By `elapsed`. */
  private preferAgainAt = 0;
  private readonly wait: Backoff;

  constructor(private readonly settings: Settings) {
    const { preferAgainMs } = settings;
    this.wait = new Backoff(preferAgainMs, LONGEST_WAITS * preferAgainMs);
  }

  /** Of the upstream in use. */
  get host(): string {
    return new URL(this.settings.urls[this.inUse] as string).host;
  }

  /** Milliseconds until the preferred upstream is worth a question; null while it is in use. */
  get preferAgainMs(): number | null {
    return this.inUse === 0 ? null : Math.max(0, this.preferAgainAt - this.settings.elapsed());
  }

  /**
   * Asks the upstream in use, then the others in their order, until one gives an answer that `read` can read. What the others
   * answered is reported. @throws the last one's error: what `askAt` and `read` throw.
   */
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
        onProblem({ code, detail: `${new URL(url).host}: ${detail} The next upstream is asked.` });
      }
    }
  }

  /** The upstream in use is no good: the next question goes to the one behind it. */
  next(): void {
    const { urls, elapsed } = this.settings;
    if (this.inUse === 0) this.preferAgainAt = elapsed() + this.wait.nextMs();
    this.inUse = (this.inUse + 1) % urls.length;
  }
}

/**
 * Asks one upstream, and returns the answer if it is a 200 of the media type that is asked for. (Not by `fetch`: its streams
 * cost a relay a second of CPU for a snapshot of a million users.)
 * @throws Refused for any other status, also a redirection; UnexpectedAnswer for another media type; the network's error.
 */
async function askAt(base: string, settings: Settings, path: string, question: Question): Promise<IncomingMessage> {
  const { method = 'GET', accept, headers, body, idleMs, signal } = question;
  const { key, tls, relayName, client } = settings;
  signal.throwIfAborted();
  const url = new URL(path, base);
  const secure = url.protocol === 'https:';
  const request = (secure ? https : http).request(url, {
    ...tls,
    method,
    timeout: Math.min(CONNECT_MS, idleMs),
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
  const abort = (): void => void running.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort);
  request.on('close', () => signal.removeEventListener('abort', abort));
  request.on('timeout', () => void running.destroy(new Error('The control plane was silent for too long.')));
  // Once there is an answer, its reader gets the error.
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

/** The JSON of an answer. @throws UnexpectedAnswer where it is none, or too long. */
export async function readJson(response: IncomingMessage, what: string): Promise<unknown> {
  const body = await readText(response);
  try {
    return JSON.parse(body);
  } catch {
    throw new UnexpectedAnswer(what, body);
  }
}

/** Up to `MAX_ANSWER_BYTES`; the rest of a longer answer is left unread. */
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

/** The milliseconds until the next attempt after an error. */
export function retryMs(
  error: unknown,
  backoff: { nextMs(): number },
  limits: { readonly retryMaxMs: number; readonly refusedRetryMs: number },
): number {
  if (!(error instanceof Refused)) return backoff.nextMs();
  if (error.keyRefused) return limits.refusedRetryMs;
  return Math.min(limits.retryMaxMs, Math.max(error.retryAfterMs, backoff.nextMs()));
}

/**
 * Postern says that the request itself is at fault: the same one will be refused again. A 413 or 422 of anybody else, and
 * a 400 (bytes that were changed on the way), say nothing about it.
 */
export function refusedForGood(error: unknown): error is Refused {
  if (!(error instanceof Refused)) return false;
  const { status, problemCode } = error;
  return (
    (status === 413 && problemCode === 'body-too-large') || (status === 422 && problemCode === 'validation-failed')
  );
}

/** An error as what the relay's operator should hear of. Those of this library name their kind in `problem`. */
export function problemOf(error: unknown): RelayProblem {
  const detail = describe(error);
  if (error instanceof Refused && error.keyRefused)
    return { code: 'key-refused', detail: `${detail} Give this relay a valid key; it keeps its last policies.` };
  const { problem = 'control-plane-unreachable' } = (error ?? {}) as { problem?: ProblemCode };
  return { code: problem, detail };
}

/** An error of any kind in words; the network's own may have none but those of the addresses that were tried. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message : String(error);
}
