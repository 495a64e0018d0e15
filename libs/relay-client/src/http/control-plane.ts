/** Where the control plane is, and how it recognises this relay. The key is read at each request: it may be replaced. */
export interface ControlPlane {
  /** For example `https://postern.example`. */
  readonly url: string;
  /** A key of the role `relay`. */
  readonly key: string;
  /** Another `fetch`, for a CA or a proxy of your own. */
  readonly fetch?: typeof globalThis.fetch;
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
    readonly retryAfterMs: number | null,
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

/**
 * Asks the control plane, and returns the answer if it is a 200 of the media type that is asked for.
 * @throws Refused for any other status; UnexpectedAnswer for another media type; whatever `fetch` throws for the network.
 */
export async function ask(
  plane: ControlPlane,
  path: string,
  init: Omit<RequestInit, 'headers'> & { accept: string; headers?: Record<string, string> },
): Promise<Response> {
  const { accept, headers, ...rest } = init;
  const doFetch = plane.fetch ?? globalThis.fetch;
  const response = await doFetch(new URL(path, plane.url), {
    ...rest,
    headers: { authorization: `Bearer ${plane.key}`, accept, ...headers },
  });
  const what = `${init.method ?? 'GET'} ${path}`;
  const type = mediaType(response);
  if (response.status !== 200) {
    const body = await readText(response).catch(() => '');
    const code = type === 'application/problem+json' ? problemCode(body, response.status) : null;
    throw new Refused(response.status, what, retryAfter(response), body, code);
  }
  if (type === accept) return response;
  await response.body?.cancel().catch(() => undefined);
  throw new UnexpectedAnswer(what, `it has the media type "${type}", not "${accept}"`);
}

/** The JSON of an answer. @throws UnexpectedAnswer where it is none, or too long. */
export async function readJson(response: Response, what: string): Promise<unknown> {
  const body = await readText(response);
  try {
    return JSON.parse(body);
  } catch {
    throw new UnexpectedAnswer(what, body);
  }
}

/** Up to `MAX_ANSWER_BYTES`; the rest of a longer answer is left unread. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
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

function mediaType(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}

function excerpt(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}

/** An error of any kind in words, with the cause that `fetch` hides behind "fetch failed". */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
