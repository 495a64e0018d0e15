/** Where the control plane is, and how it knows this relay. */
export interface ControlPlane {
  /** For example `https://postern.example`. */
  readonly url: string;
  /** A key of the role `relay`. */
  readonly key: string;
  /** Another `fetch`, for a CA or a proxy of your own. */
  readonly fetch?: typeof globalThis.fetch;
}

/** The control plane answered with something other than what was asked for. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: number,
    what: string,
    /** From `Retry-After`, where it was sent in seconds. */
    readonly retryAfterMs: number | null,
    body: string,
  ) {
    super(`The control plane answered ${what} with ${status}: ${body.replaceAll(/\s+/g, ' ').slice(0, 300)}`);
  }

  /** The key is wrong, revoked, or of another role: only an operator can mend that. */
  get keyRefused(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/**
 * Asks the control plane, and gives the answer if it is a 200.
 * @throws Refused for any other status; whatever `fetch` throws for the network.
 */
export async function ask(plane: ControlPlane, path: string, init: RequestInit): Promise<Response> {
  const doFetch = plane.fetch ?? globalThis.fetch;
  const response = await doFetch(new URL(path, plane.url), {
    ...init,
    headers: { authorization: `Bearer ${plane.key}`, ...(init.headers as Record<string, string> | undefined) },
  });
  if (response.status === 200) return response;
  const body = await response.text().catch(() => '');
  throw new Refused(response.status, `${init.method ?? 'GET'} ${path}`, retryAfter(response), body);
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}

/** What to tell of an error of any kind, with the cause that `fetch` hides behind "fetch failed". */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
