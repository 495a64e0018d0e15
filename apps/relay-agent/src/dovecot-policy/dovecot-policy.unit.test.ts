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
    expect(await answerDovecotPolicy('command=allow', QUESTION, world.check)).toEqual(expected);
    expect(world.logins).toEqual([{ username: 'app@acme.example', ip: '198.51.100.7' }]);
  });

  it('takes a report without recording anything', async () => {
    expect(await answerDovecotPolicy('command=report', { ...QUESTION, success: false }, world.check)).toEqual({
      status: 0,
      msg: '',
    });
    expect(world.logins).toEqual([]);
  });

  it.each([
    ['no command', '', QUESTION],
    ['another command', 'command=deny', QUESTION],
    ['two commands', 'command=allow&command=report', QUESTION],
    ['two exceptions', 'except=imap&except=smtp&command=allow', QUESTION],
    ['an empty exception', 'except=&command=allow', { ...QUESTION, protocol: '' }],
    ['an exception but no login', 'except=smtp&command=allow', { ...QUESTION, login: '' }],
    ['no body', 'command=allow', null],
    ['a list', 'command=allow', [QUESTION]],
    ['no login', 'command=allow', { remote: '198.51.100.7' }],
    ['an empty login', 'command=allow', { ...QUESTION, login: '' }],
    ['a login that is no text', 'command=allow', { ...QUESTION, login: 7 }],
  ])('refuses a question with %s, and asks nothing', async (_, query, body) => {
    expect(await answerDovecotPolicy(query, body, world.check)).toEqual(REFUSED);
    expect(world.logins).toEqual([]);
  });

  it('leaves the protocol of the exception to the mail server that asks in another way, and decides the others', async () => {
    world.answer = DENY;
    const ask = (protocol?: string) =>
      answerDovecotPolicy('except=smtp&command=allow', { ...QUESTION, protocol }, world.check);
    expect(await ask('smtp')).toEqual({ status: 0, msg: '' });
    expect(world.logins).toEqual([]);
    for (const other of ['imap', 'submission', '', undefined]) expect((await ask(other)).status).toBe(-1);
    expect(world.logins).toHaveLength(4);
  });

  it('takes a missing address as an unreadable one', async () => {
    await answerDovecotPolicy('command=allow', { login: 'a@x' }, world.check);
    expect(world.logins).toEqual([{ username: 'a@x', ip: undefined }]);
  });
});
