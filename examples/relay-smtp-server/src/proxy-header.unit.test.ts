import { describe, expect, it } from '@jest/globals';
import { parseProxyHeader } from './proxy-header.js';

const line = (text: string) => parseProxyHeader(Buffer.from(text, 'latin1'));

function binary(command: number, family: number, body: Buffer, size = body.length): Buffer {
  const start = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1');
  start.writeUInt8(command, 12);
  start.writeUInt8(family, 13);
  start.writeUInt16BE(size, 14);
  return Buffer.concat([start, body]);
}

const TCP4 = Buffer.from('cb007109c633640101bb0019', 'hex');
const TCP6 = Buffer.from(`20010db8${'00'.repeat(11)}09${'20010db8'}${'00'.repeat(11)}0101bb0019`, 'hex');

describe('a PROXY header of version 1', () => {
  it.each([
    ['PROXY TCP4 203.0.113.9 198.51.100.1 443 25\r\n', '203.0.113.9'],
    ['PROXY TCP6 2001:db8::9 2001:db8::1 443 25\r\n', '2001:db8::9'],
    ['PROXY UNKNOWN\r\n', 'unknown'],
    ['PROXY UNKNOWN 203.0.113.9 198.51.100.1 443 25\r\n', 'unknown'],
  ])('names the client, or nobody: %j', (text, client) => {
    expect(line(`${text}EHLO`)).toEqual({ client, length: text.length });
  });

  it.each([
    ['EHLO client.example\r\n'],
    ['PROXY\r\n'],
    ['proxy UNKNOWN\r\n'],
    ['PROXY TCP4 203.0.113.9\r\n'],
    ['PROXY TCP4 2001:db8::9 2001:db8::1 443 25\r\n'],
    ['PROXY TCP6 203.0.113.9 198.51.100.1 443 25\r\n'],
    ['PROXY TCP6 fe80::1%eth0 2001:db8::1 443 25\r\n'],
    ['PROXY TCP4 203.0.113.09 198.51.100.1 443 25\r\n'],
    ['PROXY TCP4 203.0.113.9 198.51.100.1 65536 25\r\n'],
    ['PROXY TCP4 203.0.113.9 198.51.100.1 443 025\r\n'],
    ['PROXY TCP4 203.0.113.9 198.51.100.1 443 25 1\r\n'],
    ['PROXY TCP4  203.0.113.9 198.51.100.1 443 25\r\n'],
    ['PROXY UDP4 203.0.113.9 198.51.100.1 443 25\r\n'],
  ])('is not this: %j', (text) => {
    expect(line(text)).toBe('invalid');
  });

  it('has 107 bytes at most, its line end with them', () => {
    const of = (bytes: number) => `${'PROXY UNKNOWN '.padEnd(bytes - 2, 'f')}\r\n`;
    expect(line(of(107))).toEqual({ client: 'unknown', length: 107 });
    expect(line(of(108))).toBe('invalid');
    expect(line(of(107).slice(0, 106))).toBe('incomplete');
  });

  it.each([[''], ['PRO'], ['PROXY TCP4 203.0.113.9'], ['PROXY UNKNOWN\r']])('may come in parts: %j', (text) => {
    expect(line(text)).toBe('incomplete');
  });
});

describe('a PROXY header of version 2', () => {
  it.each([
    ['TCP over IPv4', binary(0x21, 0x11, TCP4), '203.0.113.9'],
    ['TCP over IPv6', binary(0x21, 0x21, TCP6), '2001:db8:0:0:0:0:0:9'],
    [
      'addresses with extensions behind them',
      binary(0x21, 0x11, Buffer.concat([TCP4, Buffer.alloc(9)])),
      '203.0.113.9',
    ],
    ['the longest there is', binary(0x21, 0x11, Buffer.concat([TCP4, Buffer.alloc(65_523)])), '203.0.113.9'],
    ['LOCAL', binary(0x20, 0x00, Buffer.alloc(0)), 'unknown'],
    ['LOCAL with addresses', binary(0x20, 0x11, TCP4), 'unknown'],
    ['an unspecified family', binary(0x21, 0x00, Buffer.alloc(5)), 'unknown'],
    ['UDP', binary(0x21, 0x12, TCP4), 'unknown'],
    ['a UNIX socket', binary(0x21, 0x31, Buffer.alloc(216)), 'unknown'],
  ])('names the client, or nobody: %s', (_, header, client) => {
    expect(parseProxyHeader(Buffer.concat([header, Buffer.from('EHLO')]))).toEqual({ client, length: header.length });
    expect(parseProxyHeader(header.subarray(0, -1))).toBe('incomplete');
    expect(parseProxyHeader(header.subarray(0, 15))).toBe('incomplete');
    expect(parseProxyHeader(header.subarray(0, 5))).toBe('incomplete');
  });

  it.each([
    ['another version', binary(0x11, 0x11, TCP4)],
    ['an unknown command', binary(0x22, 0x11, TCP4)],
    ['an unknown family', binary(0x21, 0x41, TCP4)],
    ['an unknown transport', binary(0x21, 0x13, TCP4)],
    ['too short for IPv4', binary(0x21, 0x11, TCP4.subarray(0, 11))],
    ['too short for IPv6', binary(0x21, 0x21, TCP6.subarray(0, 35))],
  ])('is not %s', (_, header) => {
    expect(parseProxyHeader(header)).toBe('invalid');
  });
});
