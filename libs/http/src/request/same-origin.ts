import type { BlockList } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { callerScheme } from './source-address.js';

/**
 * Whether a page of this origin made the request, by the word of the browser that sends it. `Sec-Fetch-Site` decides where there is one
 * (W3C Fetch Metadata); browsers leave it out where a page came by plain HTTP, and then `Origin` does. Null: neither is there, as from a
 * program that is no browser.
 */
export function isSameOrigin(request: Pick<FastifyRequest, 'raw' | 'headers'>, trusted: BlockList): boolean | null {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined) return site === 'same-origin';
  if (origin === undefined) return null;
  return host !== undefined && origin === URL.parse(`${callerScheme(request, trusted)}://${host}`)?.origin;
}
