import type { DocumentedApi } from './documented-api.js';

export interface DocumentedCall {
  /** The status that it must be answered with. */
  readonly status: number;
  readonly params?: Readonly<Record<string, string>>;
  /** `?name=value` */
  readonly query?: string;
  /** A string is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of an answer that does not end: read until it has this text. */
  readonly until?: string;
}

export interface DocumentedAnswer {
  readonly type: string;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- what an answer holds is what the test finds out
  readonly json: any;
}

/** Calls a running API by the routes of its document, and throws at whatever is answered and not documented. */
export class DocumentedCaller {
  /** The routes that were called with success; those made by `with` and `as` add to the same. */
  readonly succeeded: Set<string>;

  constructor(
    private readonly url: string,
    private readonly api: DocumentedApi,
    private readonly headers: Readonly<Record<string, string>> = {},
    succeeded = new Set<string>(),
  ) {
    this.succeeded = succeeded;
  }

  /** The same with an API key. */
  as(key: string): DocumentedCaller {
    return this.with({ authorization: `Bearer ${key}` });
  }

  /** The same with more headers. */
  with(headers: Readonly<Record<string, string>>): DocumentedCaller {
    return new DocumentedCaller(this.url, this.api, { ...this.headers, ...headers }, this.succeeded);
  }

  /** Calls a route, such as `GET /v1/tenants/{tenantId}/denials`. */
  async expect(route: string, call: DocumentedCall): Promise<DocumentedAnswer> {
    const { response, body } = await this.send(route, call);
    const complaints = this.api.complaints(route, { status: response.status, headers: response.headers, body });
    if (complaints.length > 0) throw new Error(`${complaints.join('\n')}\n${body.slice(0, 2_000)}`);
    if (response.status !== call.status) {
      throw new Error(`${route} answered ${response.status}, not ${call.status}: ${body.slice(0, 2_000)}`);
    }
    if (response.ok) this.succeeded.add(route);
    const type = response.headers.get('content-type') ?? '';
    return {
      type,
      headers: response.headers,
      json: /^application\/(problem\+)?json/.test(type) ? JSON.parse(body) : null,
    };
  }

  private async send(route: string, call: DocumentedCall): Promise<{ response: Response; body: string }> {
    const [method = '', template = ''] = route.split(' ');
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => call.params?.[name] ?? '');
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(15_000)]);
    const response = await fetch(`${this.url}${path}${call.query ?? ''}`, {
      method,
      signal,
      headers: {
        ...this.headers,
        ...(call.body !== undefined && { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body !== undefined && { body: typeof call.body === 'string' ? call.body : JSON.stringify(call.body) }),
    });
    if (call.until === undefined) return { response, body: await response.text() };
    const body = await readUntil(response, call.until);
    abort.abort();
    return { response, body };
  }
}

/** The complete events up to the one with the text. */
async function readUntil(response: Response, text: string): Promise<string> {
  const decoder = new TextDecoder();
  let read = '';
  for await (const chunk of response.body ?? []) {
    read += decoder.decode(chunk, { stream: true });
    const at = read.indexOf(text);
    const end = at === -1 ? -1 : read.indexOf('\n\n', at);
    if (end !== -1) return read.slice(0, end + 2);
  }
  throw new Error(`The answer ended without ${text}: ${read}`);
}
