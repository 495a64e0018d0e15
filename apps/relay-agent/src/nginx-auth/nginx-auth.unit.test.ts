import { beforeEach, describe, expect, it } from '@jest/globals';
import { DEFER, DENY, OPAQUE, settableCheck } from '../testing/decisions.js';
import { answerNginx, type AuthHeaders } from './nginx-auth.js';

let world: ReturnType<typeof settableCheck>;
beforeEach(() => {
  world = settableCheck();
});

const REQUEST: AuthHeaders = {
  host: 'localhost',
  'auth-method': 'plain',
  'auth-user': 'app%40acme.example',
  'auth-pass': 'secret',
  'auth-protocol': 'smtp',
  'client-ip': '198.51.100.7',
};
const OK: AuthHeaders = { 'auth-status': 'OK', 'auth-server': '192.0.2.1', 'auth-port': '25' };
const TRY_LATER = {
  'auth-status': 'Temporary authentication failure',
  'auth-error-code': '454 4.7.0',
  'auth-wait': '3',
};

describe('nginx’s auth_http', () => {
  it('asks the backend with the headers of nginx, then decides, and passes the server on', async () => {
    let heard: AuthHeaders = {};
    const backend = async (headers: AuthHeaders) => {
      heard = headers;
      return { ...OK, 'set-cookie': 'x', connection: 'close' };
    };
    expect(await answerNginx({ ...REQUEST, cookie: 'x' }, backend, world.check)).toEqual(OK);
    expect(heard).toEqual(REQUEST);
    expect(world.logins).toEqual([{ username: 'app@acme.example', ip: '198.51.100.7' }]);
  });

  it('refuses a denied login with 535, and a deferred one with 454', async () => {
    world.answer = DENY;
    expect(await answerNginx(REQUEST, async () => OK, world.check)).toEqual({
      'auth-status': 'IP not authorized',
      'auth-error-code': '535 5.7.1',
      'auth-wait': '3',
    });
    world.answer = DEFER;
    expect(await answerNginx(REQUEST, async () => OK, world.check)).toEqual(TRY_LATER);
  });

  it('refuses an opaque denial with what the backend answers to a wrong password', async () => {
    world.answer = OPAQUE;
    const refused = { 'auth-status': 'Invalid login or password', 'auth-wait': '5' };
    const backend = async (logins: AuthHeaders) => (logins['auth-pass'] === 'secret' ? OK : refused);
    expect(await answerNginx(REQUEST, backend, world.check)).toEqual(refused);
    expect(await answerNginx(REQUEST, async () => OK, world.check)).toEqual(TRY_LATER);
  });

  it('asks about the user whom the backend names', async () => {
    const answer = { ...OK, 'auth-user': 'canonical%40acme.example' };
    expect(await answerNginx(REQUEST, async () => answer, world.check)).toEqual(answer);
    expect(world.logins).toEqual([{ username: 'canonical%40acme.example', ip: '198.51.100.7' }]);
  });

  it('passes the backend’s refusal on, and asks nothing about a wrong password', async () => {
    const refused = { 'auth-status': 'Invalid login or password', 'auth-wait': '5' };
    expect(await answerNginx(REQUEST, async () => refused, world.check)).toEqual(refused);
    expect(world.logins).toEqual([]);
  });

  it.each<[string, AuthHeaders, (() => Promise<AuthHeaders>) | null]>([
    ['no backend', REQUEST, null],
    ['a backend that fails', REQUEST, () => Promise.reject(new Error('gone'))],
    ['a backend that says nothing', REQUEST, async () => ({ 'auth-server': '192.0.2.1', 'auth-port': '25' })],
    ['an empty verdict', REQUEST, async () => ({ ...OK, 'auth-status': '' })],
    [
      'a refusal that a client reads as 235',
      REQUEST,
      async () => ({ 'auth-status': 'No', 'auth-error-code': '235 2.0.0' }),
    ],
    ['a user that cannot be decoded', { ...REQUEST, 'auth-user': '%ff%fe' }, async () => OK],
    ['no user', { ...REQUEST, 'auth-user': '' }, async () => OK],
  ])('refuses with 454 where there is %s', async (_, headers, backend) => {
    expect(await answerNginx(headers, backend, world.check)).toEqual(TRY_LATER);
    expect(world.logins).toEqual([]);
  });

  it('decodes the user once', async () => {
    await answerNginx({ ...REQUEST, 'auth-user': 'a%2540b' }, async () => OK, world.check);
    expect(world.logins).toEqual([{ username: 'a%40b', ip: '198.51.100.7' }]);
  });

  it('takes a missing address as an unreadable one', async () => {
    const { 'client-ip': _, ...without } = REQUEST;
    await answerNginx(without, async () => OK, world.check);
    expect(world.logins).toEqual([{ username: 'app@acme.example', ip: undefined }]);
  });
});
