import type { IncomingHttpHeaders } from 'node:http';

/** Of this connection alone (RFC 9110, 7.6.1), or of the client's word on who it is. */
const NOT_PASSED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Node has answered it already.
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);

interface Asked {
  readonly method: string;
  /** Who asked, as the gateway knows it; null: nobody can say. */
  readonly client: string | null;
  readonly requestId: string;
}

/** A request's headers as a service is to see them: who asks is told by us, whatever the client claims. */
export function requestHeaders(headers: IncomingHttpHeaders, asked: Asked): IncomingHttpHeaders {
  const passed = withoutHops(headers);
  // What a GET carries is no body to anybody here.
  if (asked.method === 'GET' || asked.method === 'HEAD') delete passed['content-length'];
  if (asked.client !== null) passed['x-forwarded-for'] = asked.client;
  passed['x-request-id'] = asked.requestId;
  return passed;
}

/** An answer's headers as a client is to see them. */
export function withoutHops<H extends IncomingHttpHeaders>(headers: H): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_PASSED.has(name)));
}
