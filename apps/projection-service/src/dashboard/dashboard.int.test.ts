import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createWorld, type RunningApp, type World } from '../testing/projection-app.js';

let world: World;
let service: RunningApp;
beforeAll(async () => {
  world = await createWorld();
  service = await world.start();
});
afterAll(() => world.end());

const ask = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' | 'POST' = 'GET') =>
  service.app.inject({ url, headers, method });
const nonceOf = (text: unknown) => /'nonce-([\w+/=]{24})'/.exec(String(text))?.[1];
const scriptsOf = (page: string) => [...page.matchAll(/<script[^>]* src="(\/assets\/[^"]+)"/g)].map(([, path]) => path);

describe('the dashboard', () => {
  it('has one page at each of its paths, with any query, for GET and HEAD', async () => {
    const paths = ['/', '/sign-in?next=%2Ft%2Facme', '/t/acme/smtp-users?query=a&state=expired', '/operator/relays'];
    for (const path of [...paths, '/help/ip-not-authorized']) {
      const answer = await ask(path);
      expect([path, answer.statusCode, answer.headers['content-type']]).toEqual([
        path,
        200,
        'text/html; charset=utf-8',
      ]);
      expect(scriptsOf(answer.payload)).toHaveLength(1);
      const head = await ask(path, {}, 'HEAD');
      expect([path, head.statusCode, head.payload]).toEqual([path, 200, '']);
      expect(nonceOf(head.headers['content-security-policy'])).toBeDefined();
    }
  });

  it('lets its page load nothing from elsewhere, and no style or script that was written into it', async () => {
    const { headers, payload } = await ask('/t/acme/denials');
    const nonce = nonceOf(headers['content-security-policy']);
    expect(headers).toMatchObject({
      'content-security-policy':
        `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; ` +
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(payload).toContain(`<meta name="csp-nonce" content="${nonce}"`);
    expect(payload).not.toMatch(/__NONCE__|<script(?![^>]* src=)|<style(?![^>]* nonce=)|\sstyle=|\son\w+=|https?:\/\//);
  });

  it('has another nonce in each answer', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/')));
    expect(new Set(answers.map(({ headers }) => nonceOf(headers['content-security-policy']))).size).toBe(20);
  });

  it('has files that a browser keeps for ever, compressed as it asks', async () => {
    const [script = ''] = scriptsOf((await ask('/')).payload);
    const plain = await ask(script);
    expect([plain.statusCode, plain.headers]).toEqual([
      200,
      expect.objectContaining({
        'content-type': 'application/javascript; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        vary: 'accept-encoding',
      }),
    ]);
    const decoded = { br: brotliDecompressSync, gzip: gunzipSync };
    for (const [encoding, decode] of Object.entries(decoded)) {
      const answer = await ask(script, { 'accept-encoding': encoding });
      expect([answer.headers['content-encoding'], answer.headers['content-type']]).toEqual([
        encoding,
        'application/javascript; charset=utf-8',
      ]);
      expect(decode(answer.rawPayload).equals(plain.rawPayload)).toBe(true);
      expect(answer.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2);
    }
    expect((await ask(script, { 'accept-encoding': 'gzip, deflate, br' })).headers['content-encoding']).toBe('br');
    const head = await ask(script, { 'accept-encoding': 'br' }, 'HEAD');
    expect([head.statusCode, head.payload, head.headers['content-encoding']]).toEqual([200, '', 'br']);
  });

  it('is nowhere else', async () => {
    const paths = [
      '/index.html',
      '/assets/',
      '/assets/index.html',
      '/assets/nothing.js',
      '/t',
      '/operator',
      '/nothing',
    ];
    for (const path of [...paths, '/assets/%2e%2e/index.html', '/sign-in/x', '/help']) {
      const answer = await ask(path);
      expect([path, answer.statusCode, answer.json().code]).toEqual([path, 404, 'route-not-found']);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    expect((await ask('/sign-in', {}, 'POST')).statusCode).toBe(404);
  });
});
