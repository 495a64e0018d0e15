import { beforeEach, describe, expect, it } from '@jest/globals';
import { DEFER, DENY, OPAQUE, settableCheck } from '../testing/decisions.js';
import { answerDovecotPolicy } from './dovecot-policy.js';

let world: ReturnType<typeof settableCheck>;
beforeEach(() => {
  world = settableCheck();
});

const QUESTION = { device_id: '', login: 'app@acme.example', protocol: 'smtp', remote: '198.51.100.7', tls: false };
const REFUSED = { status: -1, msg: 'Temporary authentication failure' };

describe('Dovecot’s auth-policy', () => {
  it.each([
    ['lets an allowed login through', undefined, { status: 0, msg: '' }],
    ['refuses a denied login with its text', DENY, { status: -1, msg: 'IP not authorized' }],
    ['refuses an opaque denial without a text, as a wrong password', OPAQUE, { status: -1, msg: '' }],
    ['refuses a deferred login: the protocol has no temporary refusal', DEFER, REFUSED],
  ])('%s', async (_, answer, expected) => {
    if (answer) world.answer = answer;
    expect(await answerDovecotPolicy('allow', QUESTION, world.check)).toEqual(expected);
    expect(world.asked).toEqual([{ username: 'app@acme.example', ip: '198.51.100.7' }]);
  });

  it('takes a report without recording anything', async () => {
    expect(await answerDovecotPolicy('report', { ...QUESTION, success: false }, world.check)).toEqual({
      status: 0,
      msg: '',
    });
    expect(world.asked).toEqual([]);
  });

  it.each([
    ['no command', undefined, QUESTION],
    ['another command', 'deny', QUESTION],
    ['two commands', ['allow', 'report'], QUESTION],
    ['no body', 'allow', null],
    ['a list', 'allow', [QUESTION]],
    ['no login', 'allow', { remote: '198.51.100.7' }],
    ['an empty login', 'allow', { ...QUESTION, login: '' }],
    ['a login that is no text', 'allow', { ...QUESTION, login: 7 }],
  ])('refuses a question with %s, and asks nothing', async (_, command, body) => {
    expect(await answerDovecotPolicy(command, body, world.check)).toEqual(REFUSED);
    expect(world.asked).toEqual([]);
  });

  it('takes a missing address as an unreadable one', async () => {
    await answerDovecotPolicy('allow', { login: 'a@x' }, world.check);
    expect(world.asked).toEqual([{ username: 'a@x', ip: undefined }]);
  });
});
