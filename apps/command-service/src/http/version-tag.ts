import type { FastifyReply } from 'fastify';

/** Sets the `ETag` to the version of what is answered, for the caller's next `If-Match`. */
export function tagVersion<T extends { readonly version: number }>(reply: FastifyReply, answer: T): T {
  void reply.header('etag', `"${answer.version}"`);
  return answer;
}
