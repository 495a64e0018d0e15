import { beforeEach, describe, expect, it } from '@jest/globals';
import { DEFER, DENY, OPAQUE, settableCheck } from '../testing/decisions.js';
import { answerNginx, type AuthHeaders } from './nginx-auth.js';

let world: ReturnType<typeof settableCheck>;
beforeEach(() => {
  world = settableCheck();
});

const ASKED: AuthHeaders = {
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
    expect(await answerNginx({ ...ASKED, cookie: 'x' }, backend, world.check)).toEqual(OK);
    expect(heard).toEqual(ASKED);
    expect(world.asked).toEqual([{ username: 'app@acme.example', ip: '198.51.100.7' }]);
  });

  it('refuses a denied login with 535, and a deferred one with 454', async () => {
    world.answer = DENY;
    expect(await answerNginx(ASKED, async () => OK, world.check)).toEqual({
      'auth-status': 'IP not authorized',
      'auth-error-code': '535 5.7.1',
      'auth-wait': '3',
    });
    world.answer = DEFER;
    expect(await answerNginx(ASKED, async () => OK, world.check)).toEqual(TRY_LATER);
  });

  it('refuses an opaque denial with what the backend answers to a wrong password', async () => {
    world.answer = OPAQUE;
    const refused = { 'auth-status': 'Invalid login or password', 'auth-wait': '5' };
    const backend = async (asked: AuthHeaders) => (asked['auth-pass'] === 'secret' ? OK : refused);
    expect(await answerNginx(ASKED, backend, world.check)).toEqual(refused);
    expect(await answerNginx(ASKED, async () => OK, world.check)).toEqual(TRY_LATER);
  });

  it('asks about the user whom the backend names', async () => {
    const answer = { ...OK, 'auth-user': 'canonical%40acme.example' };
    expect(await answerNginx(ASKED, async () => answer, world.check)).toEqual(answer);
    expect(world.asked).toEqual([{ username: 'canonical%40acme.example', ip: '198.51.100.7' }]);
  });

  it('passes the backend’s refusal on, and asks nothing about a wrong password', async () => {
    const refused = { 'auth-status': 'Invalid login or password', 'auth-wait': '5' };
    expect(await answerNginx(ASKED, async () => refused, world.check)).toEqual(refused);
    expect(world.asked).toEqual([]);
  });

  it.each<[string, AuthHeaders, (() => Promise<AuthHeaders>) | null]>([
    ['no backend', ASKED, null],
    ['a backend that fails', ASKED, () => Promise.reject(new Error('gone'))],
    ['a backend that says nothing', ASKED, async () => ({ 'auth-server': '192.0.2.1', 'auth-port': '25' })],
    ['an empty verdict', ASKED, async () => ({ ...OK, 'auth-status': '' })],
    [
      'a refusal that a client reads as 235',
      ASKED,
      async () => ({ 'auth-status': 'No', 'auth-error-code': '235 2.0.0' }),
    ],
    ['a user that cannot be decoded', { ...ASKED, 'auth-user': '%ff%fe' }, async () => OK],
    ['no user', { ...ASKED, 'auth-user': '' }, async () => OK],
  ])('refuses with 454 where there is %s', async (_, headers, backend) => {
    expect(await answerNginx(headers, backend, world.check)).toEqual(TRY_LATER);
    expect(world.asked).toEqual([]);
  });

  it('decodes the user once', async () => {
    await answerNginx({ ...ASKED, 'auth-user': 'a%2540b' }, async () => OK, world.check);
    expect(world.asked).toEqual([{ username: 'a%40b', ip: '198.51.100.7' }]);
  });

  it('takes a missing address as an unreadable one', async () => {
    const { 'client-ip': _, ...without } = ASKED;
    await answerNginx(without, async () => OK, world.check);
    expect(world.asked).toEqual([{ username: 'app@acme.example', ip: undefined }]);
  });
});
