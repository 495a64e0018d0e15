import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HarakaPlugin } from './haraka.js';
import { register } from './index.js';

type Settings = Readonly<Record<string, string>>;
type Registered = ThisParameterType<typeof register>;

/** As Haraka makes a plugin; `auth/flat_file` accepts the password `right`. */
function pluginWith(settings: Settings, smtp: Settings = {}, plugins: readonly string[] = ['postern']): Registered {
  const files: Readonly<Record<string, unknown>> = {
    'postern.ini': { main: settings },
    'smtp.ini': { main: smtp },
    plugins,
    'postern.key': 'pst_relay_x',
  };
  const plugin: HarakaPlugin = {
    config: { get: (file) => files[file] },
    inherits() {
      this.check_plain_passwd = (_, __, password, answer) => answer(password === 'right');
    },
    register_hook: () => undefined,
    logerror: () => undefined,
  };
  return plugin as Registered;
}

const UPSTREAMS = { auth: 'auth/flat_file', upstreams: 'http://127.0.0.1:1' };

describe('the settings of Haraka’s plugin', () => {
  it.each<[string, Parameters<typeof pluginWith>, RegExp]>([
    ['no plugin that checks passwords', [{ upstreams: 'http://127.0.0.1:1' }], /must name in auth/],
    ['neither Postern nor an agent', [{ auth: 'auth/flat_file' }], /either upstreams/],
    ['Postern and an agent', [{ ...UPSTREAMS, agent: 'http://127.0.0.1:1' }], /either upstreams/],
    ['several processes without an agent', [UPSTREAMS, { nodes: 'cpus' }], /run a relay agent/],
    ['the other plugin listed, too', [UPSTREAMS, {}, ['auth/flat_file', 'postern']], /must not list auth\/flat_file/],
    [
      'an agent’s URL with a path',
      [{ auth: 'auth/flat_file', agent: 'http://127.0.0.1:1/x' }],
      /agent in postern.ini must/,
    ],
    ['an upstream that is no URL', [{ ...UPSTREAMS, upstreams: 'postern' }], /urls must be/],
  ])('refuse to start with %s', (_, [settings, smtp, plugins], message) => {
    expect(() => register.call(pluginWith(settings, smtp, plugins))).toThrow(message);
  });
});

describe('the relay key', () => {
  it.each([null, '', 'two words'])('stays as it was, and Haraka runs on, when its file changes to %j', (written) => {
    let key: string | null = 'pst_relay_x';
    let changed: () => void = () => undefined;
    const errors: string[] = [];
    const plugin = pluginWith(UPSTREAMS);
    const { config } = plugin;
    Object.assign(plugin, {
      logerror: (text: string) => errors.push(text),
      config: {
        get: (...[file, type, onChange]: Parameters<HarakaPlugin['config']['get']>) => {
          if (file !== 'postern.key') return config.get(file, type);
          changed = onChange ?? changed;
          return key;
        },
      },
    });
    register.call(plugin);
    key = written;
    changed();
    expect(errors).toEqual([expect.stringMatching(/^config\/postern\.key was changed, .*key must be an API key/)]);
    key = 'pst_relay_y';
    changed();
    expect(errors).toHaveLength(1);
  });
});

describe('a login that a relay agent decides', () => {
  let agent: Server;
  let answers: readonly [status: number, body: string];
  beforeAll(async () => {
    agent = createServer((_, response) => response.writeHead(answers[0]).end(answers[1]));
    await once(agent.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => {
    agent.closeAllConnections();
    agent.close();
  });

  async function login(status: number, body: unknown): Promise<unknown[]> {
    answers = [status, typeof body === 'string' ? body : JSON.stringify(body)];
    const { port } = agent.address() as AddressInfo;
    const plugin = pluginWith({ auth: 'auth/flat_file', agent: `http://127.0.0.1:${port}` }, { nodes: '4' });
    register.call(plugin);
    return new Promise((resolve) =>
      plugin.check_plain_passwd?.({ remote: { ip: '192.0.2.1' }, notes: {} }, 'app', 'right', (...answer) =>
        resolve(answer),
      ),
    );
  }

  it('is answered as a wrong password is, where the tenant wants it', async () => {
    const reply = { code: 535, enhanced: '5.7.8', text: 'Authentication failed' };
    expect(await login(200, { decision: 'deny', reply })).toEqual([false]);
  });

  it.each<[string, number, unknown]>([
    ['an error', 500, { decision: 'allow', reply: null }],
    ['no JSON', 200, 'allow'],
    ['null', 200, 'null'],
    ['no decision', 200, {}],
    ['a refusal without a reply', 200, { decision: 'deny', reply: null }],
    ['another word', 200, { decision: 'ALLOW', reply: null }],
  ])('is deferred where the agent answers with %s', async (_, status, body) => {
    const message = '4.7.0 Temporary authentication failure';
    expect(await login(status, body)).toEqual([false, { code: 454, message }]);
  });
});
