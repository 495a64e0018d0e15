import { isIP, type BlockList } from 'node:net';
import { parseAddress } from '@postern/ip-ranges';
import type { FastifyRequest, FastifyInstance } from 'fastify';
import parseForwarded from 'forwarded-parse';
import type { Logger } from 'pino';

export interface Hop {
  readonly remoteAddress: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** No real chain of proxies is longer. */
export const MAX_HOPS = 32;

/**
 * The nearest hop that is not a trusted proxy, as a canonical address. If `X-Forwarded-For` and `Forwarded` (RFC 7239) name different clients, one
 * came from the client itself, and neither is trusted. Null if the socket's address cannot be parsed.
 */
export function sourceAddress(hop: Hop, trusted: BlockList): string | null {
  const socket = canonical(hop.remoteAddress ?? '');
  if (socket === null || !isTrusted(socket, trusted)) return socket;
  const claims = [forwardedFor(hop.headers['x-forwarded-for']), forwarded(hop.headers['forwarded'])].filter(
    (chain) => chain.length > 0,
  );
  const clients = new Set(claims.map((chain) => nearestUntrusted(chain, socket, trusted)));
  return clients.size === 1 ? ([...clients][0] ?? socket) : socket;
}

export function callerAddress(request: Pick<FastifyRequest, 'raw' | 'headers'>, trusted: BlockList): string | null {
  return sourceAddress({ remoteAddress: request.raw.socket.remoteAddress, headers: request.headers }, trusted);
}

/** At the outermost trusted proxy. */
export function callerScheme(
  { raw, headers }: Pick<FastifyRequest, 'raw' | 'headers'>,
  trusted: BlockList,
): 'http' | 'https' {
  const [said = ''] = String(headers['x-forwarded-proto'] ?? '').split(',');
  return isTrustedPeer(raw.socket.remoteAddress, trusted) && said.trim().toLowerCase() === 'https' ? 'https' : 'http';
}

/** By `Sec-Fetch-Site` (W3C Fetch Metadata), or by `Origin`. Null: neither; probably not a browser. */
export function isSameOrigin(request: Pick<FastifyRequest, 'raw' | 'headers'>, trusted: BlockList): boolean | null {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined) return site === 'same-origin';
  if (origin === undefined) return null;
  return host !== undefined && origin === URL.parse(`${callerScheme(request, trusted)}://${host}`)?.origin;
}

function isTrustedPeer(remoteAddress: string | undefined, trusted: BlockList): boolean {
  const peer = canonical(remoteAddress ?? '');
  return peer !== null && isTrusted(peer, trusted);
}

/** Everything beyond an untrusted or unreadable hop is only its claim. */
function nearestUntrusted(chain: readonly string[], socket: string, trusted: BlockList): string {
  let nearest = socket;
  for (const claim of chain.toReversed()) {
    const address = canonical(claim);
    if (address === null) return nearest;
    nearest = address;
    if (!isTrusted(address, trusted)) return nearest;
  }
  return nearest;
}

function forwardedFor(header: string | string[] | undefined): string[] {
  return items(header).map(withoutPort);
}

/** RFC 7239. An unparsable header counts as an unreadable hop. */
function forwarded(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  if (text === '') return [];
  try {
    return parseForwarded(text)
      .slice(-MAX_HOPS)
      .map(({ for: client = '' }) => withoutPort(client));
  } catch {
    return [''];
  }
}

function items(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text === ''
    ? []
    : text
        .split(',')
        .slice(-MAX_HOPS)
        .map((item) => item.trim());
}

/** Removes brackets and port from `203.0.113.9:4711`, `[2001:db8::1]:4711` and `[2001:db8::1]`. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text);
  if (bracketed) return bracketed[1] ?? '';
  return /^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text;
}

function canonical(text: string): string | null {
  const parsed = parseAddress(text);
  return parsed.ok ? parsed.value.text : null;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  return trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Either the settings lack a proxy, so that all clients have its address, or a client invents one. */
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
      msg: `X-Forwarded-For and Forwarded from ${peer} are not trusted. If it is your proxy, set POSTERN_TRUSTED_PROXIES to its address or network. Logged once.`,
    });
  });
}
