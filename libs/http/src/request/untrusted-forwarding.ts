import type { BlockList } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { isTrustedPeer } from './source-address.js';

/**
 * Logs once where somebody who is no trusted proxy sends the address of a client: either a proxy is missing from the settings, so that
 * every client has its address, or a client makes it up.
 */
export function warnOfUntrustedForwarding(fastify: FastifyInstance, logger: Logger, trusted: BlockList): void {
  let warned = false;
  fastify.addHook('onRequest', async ({ headers, raw }) => {
    if (warned || !(headers['x-forwarded-for'] ?? headers.forwarded)) return;
    const peer = raw.socket.remoteAddress;
    if (isTrustedPeer(peer, trusted)) return;
    warned = true;
    logger.warn({
      context: 'http',
      peer,
      msg: `X-Forwarded-For and Forwarded of ${peer} are not believed. If it is your proxy, set POSTERN_TRUSTED_PROXIES to its address or network. Logged once.`,
    });
  });
}
