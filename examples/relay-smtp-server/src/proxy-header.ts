import { isIPv4, isIPv6 } from 'node:net';
import type { Socket } from 'node:net';

/** Not an address, so Postern denies a restricted user. */
const NO_CLIENT = 'unknown';

/** Limits of the protocol: a line of version 1 with its CRLF, and the first 16 bytes of version 2, which end with its length. */
const MAX_LINE = 107;
const V2_START = 16;
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Bytes of addresses and ports. */
const V2_TCP4 = 12;
const V2_TCP6 = 36;
const MAX_PORT = 65_535;

/** The first bytes of a connection are a complete header of `length` bytes, the beginning of a header, or something else. */
export type ProxyHeader = { readonly client: string; readonly length: number } | 'incomplete' | 'invalid';

/** Reads a PROXY header of version 1 or 2. A header without a TCP client returns `NO_CLIENT`. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  const begins = bytes.subarray(0, V2_SIGNATURE.length);
  if (!begins.equals(V2_SIGNATURE.subarray(0, begins.length))) return parseLine(bytes);
  return bytes.length < V2_START ? 'incomplete' : parseBinary(bytes);
}

function parseLine(bytes: Buffer): ProxyHeader {
  const start = bytes.toString('latin1', 0, MAX_LINE);
  const end = start.indexOf('\r\n');
  if (end < 0) return bytes.length < MAX_LINE && 'PROXY '.startsWith(start.slice(0, 6)) ? 'incomplete' : 'invalid';
  const length = end + 2;
  const [name, family, client = '', server = '', ...ports] = start.slice(0, end).split(' ');
  if (name !== 'PROXY') return 'invalid';
  // The receiver must ignore what follows UNKNOWN.
  if (family === 'UNKNOWN') return { client: NO_CLIENT, length };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : () => false;
  const whole = isAddress(client) && isAddress(server) && ports.length === 2 && ports.every(isPort);
  return whole ? { client, length } : 'invalid';
}

function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= MAX_PORT;
}

function parseBinary(bytes: Buffer): ProxyHeader {
  const [versionAndCommand = 0, familyAndTransport = 0] = bytes.subarray(12, 14);
  const [family, transport] = [familyAndTransport >> 4, familyAndTransport & 0xf];
  if (versionAndCommand >> 4 !== 2 || (versionAndCommand & 0xf) > 1 || family > 3 || transport > 2) return 'invalid';
  const size = bytes.readUInt16BE(14);
  const isLocal = (versionAndCommand & 0xf) === 0;
  const needed = isLocal ? 0 : familyAndTransport === 0x11 ? V2_TCP4 : familyAndTransport === 0x21 ? V2_TCP6 : 0;
  if (size < needed) return 'invalid';
  const length = V2_START + size;
  if (bytes.length < length) return 'incomplete';
  return { client: clientOf(bytes.subarray(V2_START, V2_START + needed)), length };
}

function clientOf(addresses: Buffer): string {
  if (addresses.length === V2_TCP4) return addresses.subarray(0, 4).join('.');
  if (addresses.length !== V2_TCP6) return NO_CLIENT;
  const groups = Array.from({ length: 8 }, (_, i) => addresses.readUInt16BE(2 * i).toString(16));
  return groups.join(':');
}

/**
 * Reads and removes the header of a connection, and returns the client in it. Without a valid header within `withinMs`, it closes
 * the connection and returns null, because a balancer always sends a header.
 */
export function takeProxyHeader(socket: Socket, withinMs = 10_000): Promise<string | null> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const end = (client: string | null): void => {
      clearTimeout(timer);
      socket.off('readable', read).off('close', fail).off('end', fail);
      if (client === null) socket.destroy();
      else socket.off('error', fail);
      resolve(client);
    };
    const fail = (): void => end(null);
    const read = (): void => {
      for (let chunk; (chunk = socket.read() as Buffer | null) !== null;) {
        bytes = Buffer.concat([bytes, chunk]);
        const header = parseProxyHeader(bytes);
        if (header === 'incomplete') continue;
        if (header === 'invalid') return fail();
        if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
        return end(header.client);
      }
    };
    const timer = setTimeout(fail, withinMs);
    socket.on('readable', read).on('close', fail).on('end', fail).on('error', fail);
  });
}
