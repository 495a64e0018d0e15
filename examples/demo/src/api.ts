/** An answer of the API; the demo reads its members as the story needs them. */
export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a script written against API.md, as a platform team's would be
  readonly body: any;
}

/** Asks the public HTTP API. Throws when the answer is not of the 200s: no step of the story expects that. */
export async function ask(url: string, key: string, method: string, path: string, body?: unknown): Promise<Answer> {
  // The demo is alone with its SMTP user: nobody else's change can be overwritten.
  const overwrite = method === 'PUT' ? { 'if-match': '*' } : {};
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...overwrite,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}
