/** An answer of the API: tests read its members as they expect them. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- what an answer holds is what the test finds out
  readonly body: any;
}

export type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

/** Asks a running Postern over HTTP, with an API key. A string body is sent as it is. */
export function asking(url: string, key: string): Ask {
  return askingWith(url, { authorization: `Bearer ${key}` });
}

/** As a browser that has signed in with the key: by its cookie, from a page of Postern's. */
export async function askingSignedIn(url: string, key: string): Promise<Ask> {
  const page = { 'sec-fetch-site': 'same-origin' };
  const { status, headers } = await askingWith(url, page)('POST', '/v1/session', { key });
  if (status !== 201) throw new Error(`Signing in was answered ${status}.`);
  return askingWith(url, { ...page, cookie: headers.get('set-cookie')?.split(';')[0] ?? '' });
}

function askingWith(url: string, caller: Readonly<Record<string, string>>): Ask {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...caller,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    const json =
      response.headers.get('content-type')?.includes('json') &&
      !response.headers.get('content-type')?.includes('ndjson');
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
  };
}
