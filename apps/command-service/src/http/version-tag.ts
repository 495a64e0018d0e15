import type { FastifyReply } from 'fastify';

/** Sets `ETag` to the version of what is answered, for the caller's next `If-Match`, and `Postern-Version`. */
export function tagVersion<T extends { readonly version: number }>(reply: FastifyReply, answer: T): T {
  void reply.header('etag', `"${answer.version}"`);
  tellVersion(reply, answer);
  return answer;
}

/** Sets `Postern-Version`: what the caller sends as `Postern-Min-Version` to read its own write. A removal has it too, but no `ETag`. */
export function tellVersion(reply: FastifyReply, { version }: { readonly version: number }): void {
  void reply.header('postern-version', String(version));
}
