import { once } from 'node:events';
import http from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';

/** Where the control plane is, and how it recognises this relay. The key is read at each request: it may be replaced. */
export interface ControlPlane {
  /** In order of preference, for example `https://postern.example`. */
  readonly urls: readonly string[];
  /** A key of the role `relay`. */
  readonly key: string;
  /** For `https`, in PEM: the authorities to believe instead of the usual ones; this relay's certificate and its key. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** The largest answer that is read in one piece: 1,000 rejected denials take some 200 KB. */
const MAX_ANSWER_BYTES = 1024 * 1024;

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

/**
 * Asks the control plane, and returns the answer if it is a 200 of the media type that is asked for. (Not by `fetch`: its streams
 * cost a relay a second of CPU for a snapshot of a million users.)
 * @throws Refused for any other status, also a redirection; UnexpectedAnswer for another media type; the network's error.
 */
export async function ask(plane: ControlPlane, path: string, question: Question): Promise<IncomingMessage> {
  const { method = 'GET', accept, headers, body, idleMs, signal } = question;
  signal.throwIfAborted();
  const url = new URL(path, plane.urls[0]);
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    ...plane.tls,
    method,
    timeout: idleMs,
    headers: { authorization: `Bearer ${plane.key}`, accept, ...headers },
  });
  let running: ClientRequest | IncomingMessage = request;
  const abort = (): void => void running.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort);
  request.on('close', () => signal.removeEventListener('abort', abort));
  request.on('timeout', () => void running.destroy(new Error(`The control plane was silent for ${idleMs} ms.`)));
  // Once there is an answer, its reader is told.
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

/** An error of any kind in words; the network's own may have none but those of the addresses that were tried. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message : String(error);
}
