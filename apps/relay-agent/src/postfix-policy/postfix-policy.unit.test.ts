import { connect, type TcpNetConnectOpts } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Listener } from '../listen/listener.js';
import { ALLOW, DEFER, DENY, settableCheck } from '../testing/decisions.js';
import { startListener } from '../testing/test-listener.js';
import { servePostfixPolicy } from './postfix-policy.js';

let listener: Listener;
const world = settableCheck();
beforeAll(async () => {
  ({ listener } = await startListener((...connection) => servePostfixPolicy(world.check, ...connection)));
});
afterAll(() => listener?.stop());

/** What the server sends for these bytes until it or the client ends. */
async function exchange(...pieces: (string | Buffer)[]): Promise<string> {
  world.logins = [];
  const socket = connect(listener.address as TcpNetConnectOpts);
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

const request = (username: string, ip = '198.51.100.7') =>
  `request=smtpd_access_policy\nprotocol_state=RCPT\nsasl_username=${username}\nclient_address=${ip}\n\n`;

describe('Postfix policy delegation', () => {
  it.each([
    ['allow', ALLOW, 'DUNNO'],
    ['deny', DENY, '535 5.7.1 IP not authorized'],
    ['defer', DEFER, 'DEFER_IF_PERMIT 4.7.0 Temporary authentication failure'],
  ])('answers %s', async (_, decision, action) => {
    world.answer = decision;
    expect(await exchange(request('app@acme.example'))).toBe(`action=${action}\n\n`);
    expect(world.logins).toEqual([{ username: 'app@acme.example', ip: '198.51.100.7' }]);
  });

  it('answers many requests on one connection, also those that come in pieces', async () => {
    world.answer = DENY;
    const bytes = request('a@x') + request('b@x') + request('c@x');
    expect(await exchange(...bytes)).toBe('action=535 5.7.1 IP not authorized\n\n'.repeat(3));
    expect(world.logins.map(({ username }) => username)).toEqual(['a@x', 'b@x', 'c@x']);
  });

  it('has no opinion of a client without SMTP AUTH', async () => {
    world.answer = DENY;
    expect(await exchange('request=smtpd_access_policy\nclient_address=198.51.100.7\n\n')).toBe('action=DUNNO\n\n');
    expect(world.logins).toEqual([]);
  });

  it('passes an address that Postfix does not have on as it is, so that it counts as unreadable', async () => {
    world.answer = DENY;
    await exchange(request('a@x', 'unknown'));
    await exchange('request=smtpd_access_policy\nsasl_username=a@x\n\n');
    expect(world.logins).toEqual([{ username: 'a@x', ip: '' }]);
  });

  it.each([
    ['no protocol at all', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['half a request', 'request=smtpd_access_policy\nsasl_username=a@x\n'],
    ['half a line', 'request=smtpd_access_policy\nsasl_username=a@x'],
    ['a repeated attribute', `request=smtpd_access_policy\nsasl_username=a@x\nsasl_username=b@x\n\n`],
    ['another kind of request', 'request=other\nsasl_username=a@x\n\n'],
    ['an empty request', '\n'],
    ['a line of 1 MB', `request=smtpd_access_policy\nsasl_username=${'a'.repeat(1_000_000)}\n\n`],
    ['too many attributes', `${Array.from({ length: 300 }, (_, i) => `a${i}=1\n`).join('')}\n`],
    ['bytes of chance', Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) % 256))],
  ])('answers nothing to %s, and closes', async (_, bytes) => {
    world.answer = ALLOW;
    expect(await exchange(bytes)).toBe('');
    expect(world.logins).toEqual([]);
  });
});
