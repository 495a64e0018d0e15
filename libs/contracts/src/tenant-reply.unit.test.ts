import { describe, expect, it } from '@jest/globals';
import { isHelpUrl, isReplyText, replyOf, type TenantReply } from './tenant-reply.js';

const reply = (changes: Partial<TenantReply>): TenantReply => ({
  text: 'Not from here',
  helpUrl: null,
  opaque: false,
  ...changes,
});

describe('the reply of a decision', () => {
  it('is missing if the login is allowed, and 454 if it is deferred, whatever the tenant has chosen', () => {
    const own = reply({ opaque: true });
    expect(replyOf('allow', '192.0.2.1', own)).toBeNull();
    expect(replyOf('defer', '192.0.2.1', own)).toEqual({
      code: 454,
      enhanced: '4.7.0',
      text: 'Temporary authentication failure',
    });
  });

  it.each<[TenantReply | null, string | null, string]>([
    [null, '192.0.2.1', '5.7.1 IP not authorized'],
    [reply({}), '192.0.2.1', '5.7.1 Not from here'],
    [reply({ text: '{ip}: no' }), '192.0.2.1', '5.7.1 192.0.2.1: no'],
    [reply({ text: 'no: {ip}' }), '2001:db8::1', '5.7.1 no: 2001:db8::1'],
    [reply({ text: 'no: {ip}' }), null, '5.7.1 no: unknown'],
    [reply({ helpUrl: 'https://a.example/{ip}' }), '192.0.2.1', '5.7.1 Not from here https://a.example/{ip}'],
    [reply({ opaque: true, text: '{ip}', helpUrl: 'https://a.example' }), '192.0.2.1', '5.7.8 Authentication failed'],
  ])('of a denial by the tenant’s %j for %s is %s', (own, ip, line) => {
    const said = replyOf('deny', ip, own);
    expect(said).toEqual({ code: 535, enhanced: line.slice(0, 5), text: line.slice(6) });
  });

  it('fits into a line of SMTP with the longest text, address and link, and with what Postfix puts before it', () => {
    const longest = reply({ text: `{ip}${'x'.repeat(196)}`, helpUrl: `https://${'x'.repeat(192)}` });
    expect([isReplyText(longest.text), isHelpUrl(String(longest.helpUrl))]).toEqual([true, true]);
    const said = replyOf('deny', '2001:db8:1111:2222:3333:4444:5555:6666', longest);
    const line = `535 5.7.8 Error: authentication failed: 535 5.7.1 ${said?.text}\r\n`;
    expect(line.length).toBeLessThan(512);
  });
});
