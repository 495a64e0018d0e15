import type { FastifyRequest } from 'fastify';

/** The API key's text in `Authorization: Bearer …`; null where there is none. */
export function bearerToken(request: Pick<FastifyRequest, 'headers'>): string | null {
  const [scheme, text, ...more] = (request.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && text && more.length === 0 ? text : null;
}
