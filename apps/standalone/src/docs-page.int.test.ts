import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startDocumented, type DocumentedPostern } from './testing/documented-postern.js';

let postern: DocumentedPostern;
let url: string;

beforeAll(async () => {
  postern = await startDocumented();
  url = await postern.app.getUrl();
});
afterAll(() => postern?.end());

describe('the page /docs', () => {
  it('loads only files of this process, which all exist, without a key', async () => {
    const page = await (await fetch(`${url}/docs`)).text();
    const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name);
    expect(loaded).toEqual([
      './docs/swagger-ui.css',
      './docs/favicon-32x32.png',
      './docs/favicon-16x16.png',
      './docs/swagger-ui-bundle.js',
      './docs/swagger-ui-standalone-preset.js',
      './docs/swagger-ui-init.js',
    ]);
    for (const name of loaded) {
      const { status } = await fetch(new URL(name, `${url}/docs`));
      expect({ name, status }).toEqual({ name, status: 200 });
    }
  });

  it('has a policy by which a browser would not load anything from elsewhere either', async () => {
    for (const path of ['/docs', '/%64ocs', '/docs/', '/docs/swagger-ui-init.js']) {
      const { headers } = await fetch(url + path);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect((await fetch(`${url}/docsx`)).headers.get('content-security-policy')).toBeNull();
  });

  it('shows the document that is at /openapi.json', async () => {
    const script = await (await fetch(`${url}/docs/swagger-ui-init.js`)).text();
    const [, options = ''] = /let options = (\{[\s\S]*?\n\});/.exec(script) ?? [];
    const { swaggerDoc } = JSON.parse(options) as { swaggerDoc: unknown };
    expect(swaggerDoc).toEqual(await (await fetch(`${url}/openapi.json`)).json());
  });
});
