import type { FastifyRequest } from 'fastify';

/** Whether the request says that a body comes with it (RFC 9112, section 6.3). */
export function hasBody({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
