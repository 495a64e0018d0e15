import { BlockList } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { fastify as makeFastify } from 'fastify';
import { createLogger } from '@postern/observe';
import { warnOfUntrustedForwarding } from './source-address.js';

async function linesOf(...requests: { remoteAddress: string; headers: Record<string, string> }[]): Promise<string[]> {
  const lines: string[] = [];
  const trusted = new BlockList();
  trusted.addSubnet('10.0.0.0', 8);
  const fastify = makeFastify();
  const logger = createLogger('info', [], { write: (line) => void lines.push(line) });
  warnOfUntrustedForwarding(fastify, logger, trusted);
  fastify.get('/', async () => '');
  for (const request of requests) await fastify.inject({ url: '/', ...request });
  await fastify.close();
  return lines;
}

describe('a client’s address from a peer that is not a trusted proxy', () => {
  it('is logged once, with what to set', async () => {
    const stranger = { remoteAddress: '192.0.2.1', headers: { 'x-forwarded-for': '203.0.113.9' } };
    const other = { remoteAddress: '192.0.2.2', headers: { forwarded: 'for=203.0.113.9' } };
    const lines = await linesOf(stranger, other, stranger);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        peer: '192.0.2.1',
        msg: 'X-Forwarded-For and Forwarded from 192.0.2.1 are not trusted. If it is your proxy, set POSTERN_TRUSTED_PROXIES to its address or network. Logged once.',
      }),
    ]);
  });

  it('is not warned of if a trusted proxy sends it, in IPv4 or mapped to IPv6, or nobody does', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const silent = await linesOf(
      { remoteAddress: '10.0.0.1', headers },
      { remoteAddress: '::ffff:10.0.0.1', headers },
      { remoteAddress: '192.0.2.1', headers: {} },
    );
    expect(silent).toEqual([]);
  });
});
