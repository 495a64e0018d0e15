import type { BlockList } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { callerScheme } from './source-address.js';

/** By `Sec-Fetch-Site` (W3C Fetch Metadata), or by `Origin`. Null: neither; probably not a browser. */
export function isSameOrigin(request: Pick<FastifyRequest, 'raw' | 'headers'>, trusted: BlockList): boolean | null {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined) return site === 'same-origin';
  if (origin === undefined) return null;
  return host !== undefined && origin === URL.parse(`${callerScheme(request, trusted)}://${host}`)?.origin;
}
