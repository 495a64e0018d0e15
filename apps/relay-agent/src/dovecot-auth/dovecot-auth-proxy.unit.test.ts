import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo, TcpNetConnectOpts } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Listener } from '../listen/listener.js';
import { DEFER, DENY, OPAQUE, settableCheck } from '../testing/decisions.js';
import { startListener } from '../testing/test-listener.js';
import { serveDovecotAuth } from './dovecot-auth-proxy.js';

const HANDSHAKE = 'VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t2\nCOOKIE\tabc\nDONE\n';

let dovecot: Server;
let listener: Listener;
let heard: string;
let behind: Socket;
let world: ReturnType<typeof settableCheck>;
let errors: string[];
beforeEach(async () => {
  [heard, world] = ['', settableCheck()];
  dovecot = createServer((socket) => {
    behind = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => (heard += String(chunk)));
    socket.write(HANDSHAKE);
  });
  await new Promise<void>((resolve) => dovecot.listen(0, '127.0.0.1', resolve));
  const { port } = dovecot.address() as AddressInfo;
  ({ listener, errors } = await startListener((...connection) =>
    serveDovecotAuth({ host: '127.0.0.1', port }, world.check, ...connection),
  ));
});
afterEach(async () => {
  await listener.stop();
  await new Promise((resolve) => dovecot.close(resolve));
});

/** A mail server on the proxy: what it hears, and whether it was disconnected. */
async function mailServer() {
  const socket = connect(listener.address as TcpNetConnectOpts);
  const state = { text: '', closed: false };
  socket.on('data', (chunk) => (state.text += String(chunk)));
  socket.on('error', () => undefined);
  socket.once('close', () => (state.closed = true));
  await until(() => state.text === HANDSHAKE);
  state.text = '';
  return { socket, state };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

const AUTH = 'AUTH\t1\tPLAIN\tservice=smtp\tnologin\tlip=192.0.2.1\trip=198.51.100.7\tsecured\tresp=AGFAeABw\n';

describe('the proxy in front of Dovecot’s auth socket', () => {
  it('passes a login on byte for byte, and its OK if it is allowed', async () => {
    const { socket, state } = await mailServer();
    socket.write('VERSION\t1\t2\nCPID\t7\n' + AUTH);
    await until(() => heard.endsWith(AUTH));
    expect(heard).toBe('VERSION\t1\t2\nCPID\t7\n' + AUTH);
    behind.write('OK\t1\tuser=a@x\toriginal_user=A@x\n');
    await until(() => state.text !== '');
    expect(state.text).toBe('OK\t1\tuser=a@x\toriginal_user=A@x\n');
    expect(world.logins).toEqual([{ username: 'a@x', ip: '198.51.100.7' }]);
    socket.destroy();
  });

  it('turns the OK of a denied login into a FAIL with the reason', async () => {
    world.answer = DENY;
    const { socket, state } = await mailServer();
    socket.write(AUTH);
    await until(() => heard === AUTH);
    behind.write('OK\t1\tuser=a@x\n');
    await until(() => state.text !== '');
    expect(state.text).toBe('FAIL\t1\tuser=a@x\treason=IP not authorized\n');
    socket.destroy();
  });

  it('turns the OK of an opaque denial into the FAIL of a wrong password', async () => {
    world.answer = OPAQUE;
    const { socket, state } = await mailServer();
    socket.write(AUTH);
    await until(() => heard === AUTH);
    behind.write('OK\t1\tuser=a@x\n');
    await until(() => state.text !== '');
    expect(state.text).toBe('FAIL\t1\tuser=a@x\n');
    socket.destroy();
  });

  it('asks nothing about a wrong password, and passes a CONT on', async () => {
    const { socket, state } = await mailServer();
    socket.write(AUTH);
    await until(() => heard === AUTH);
    behind.write('CONT\t1\tVXNlcm5hbWU6\nFAIL\t1\tuser=a@x\n');
    await until(() => state.text.endsWith('FAIL\t1\tuser=a@x\n'));
    expect(state.text).toBe('CONT\t1\tVXNlcm5hbWU6\nFAIL\t1\tuser=a@x\n');
    expect(world.logins).toEqual([]);
    socket.destroy();
  });

  it('closes the connection of a login that must be deferred', async () => {
    world.answer = DEFER;
    const { socket, state } = await mailServer();
    socket.write(AUTH);
    await until(() => heard === AUTH);
    behind.write('OK\t1\tuser=a@x\n');
    await until(() => state.closed);
    expect(state.text).toBe('');
  });

  it.each([
    ['no address', 'AUTH\t1\tPLAIN\tservice=smtp\tresp=x\n'],
    ['two addresses', 'AUTH\t1\tPLAIN\trip=192.0.2.1\trip=192.0.2.2\tresp=x\n'],
  ])('takes a login with %s as one whose address is unreadable', async (_, auth) => {
    const { socket } = await mailServer();
    socket.write(auth);
    await until(() => heard === auth);
    behind.write('OK\t1\tuser=a@x\n');
    await until(() => world.logins.length === 1);
    expect(world.logins).toEqual([{ username: 'a@x', ip: undefined }]);
    socket.destroy();
  });

  it('decodes a user’s escapes once, and lets no value add a field or a line', async () => {
    world.answer = DENY;
    const { socket, state } = await mailServer();
    socket.write(AUTH);
    await until(() => heard === AUTH);
    behind.write('OK\t1\tuser=a\u0001tb\u0001n\u00011t@x\n');
    await until(() => state.text !== '');
    expect(world.logins).toEqual([{ username: 'a\tb\n\u0001t@x', ip: '198.51.100.7' }]);
    expect(state.text).toBe('FAIL\t1\tuser=a\u0001tb\u0001n\u00011t@x\treason=IP not authorized\n');
    socket.destroy();
  });

  it.each([
    ['an OK that nobody asked for', 'OK\t9\tuser=a@x\n'],
    ['an OK without a user', 'OK\t1\n'],
    ['an OK with two users', 'OK\t1\tuser=a@x\tuser=b@x\n'],
    ['a line of 1 MB', `OK\t1\tuser=${'a'.repeat(1_000_000)}\n`],
  ])('closes the connection on %s', async (_, line) => {
    const { socket, state } = await mailServer();
    socket.write(AUTH);
    await until(() => heard === AUTH);
    behind.write(line);
    await until(() => state.closed);
    expect(state.text).toBe('');
    expect(world.logins).toEqual([]);
  });

  it('answers a login that Dovecot has not decided yet before it stops', async () => {
    world.answer = DENY;
    const { socket, state } = await mailServer();
    socket.write(AUTH);
    await until(() => heard === AUTH);
    const stopped = listener.stop();
    behind.write('OK\t1\tuser=a@x\n');
    await stopped;
    await until(() => state.closed);
    expect(state.text).toBe('FAIL\t1\tuser=a@x\treason=IP not authorized\n');
  });

  it.each([
    ['the mail server takes back', 'CANCEL\t1\n'],
    ['the mail server leaves', null],
  ])('does not wait for a login that %s before it stops', async (_, sent) => {
    const { socket, state } = await mailServer();
    socket.write(AUTH);
    await until(() => heard === AUTH);
    if (sent === null) socket.end();
    else socket.write(sent);
    await until(() => heard.endsWith('CANCEL\t1\n') || state.closed);
    await listener.stop();
    expect(world.logins).toEqual([]);
  });

  it('closes the connection if Dovecot is gone', async () => {
    const { state } = await mailServer();
    behind.destroy();
    await until(() => state.closed);
    expect(state.text).toBe('');
  });

  it('closes the connection on two logins with one id, and on a long line of the mail server', async () => {
    const first = await mailServer();
    first.socket.write(AUTH + AUTH);
    await until(() => first.state.closed);
    const second = await mailServer();
    second.socket.write('x'.repeat(100_000));
    await until(() => second.state.closed);
    expect(errors).toEqual(['AuthProtocolBroken', 'LineTooLong']);
  });
});
