import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KNOWN_SETTINGS } from '../../../libs/settings/src/unknown-settings.js';
import { keyInClear, loadAgentSettings, SETTINGS } from './settings.js';

const KEY = 'pst_relay_01a20ae6-f24f-7793-ac66-e5da32839d9c_0123456789abcdef0123';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-agent-settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('the agent’s settings', () => {
  it('have defaults for everything but the key', () => {
    expect(loadAgentSettings({ POSTERN_RELAY_KEY: KEY, POSTERN_RELAY_NAME: 'mx1' }, null)).toEqual({
      relay: {
        urls: ['http://127.0.0.1:8025'],
        key: KEY,
        relayName: 'mx1',
        tls: {},
        dataDir: '.postern-agent',
        unknownUser: 'defer',
        maxStalenessMs: 86_400_000,
        whenStale: 'continue',
        observeLogins: true,
      },
      http: { host: '127.0.0.1', port: 8035 },
      socketAccess: { mode: 0o660, owner: null },
      logLevel: 'info',
    });
  });

  it('come from the environment first, then from the file; an empty one counts as not set', async () => {
    const config = await file(
      'agent.yaml',
      [
        `POSTERN_RELAY_KEY: ${KEY}`,
        'POSTERN_AGENT_UPSTREAMS: https://a.example, https://b.example',
        'POSTERN_AGENT_HTTP: "[::1]:9000"',
        'POSTERN_AGENT_POSTFIX: unix:/run/postern/policy',
        'POSTERN_AGENT_DOVECOT_AUTH: systemd:dovecot-auth',
        'POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM: unix:/run/dovecot/auth',
        'POSTERN_AGENT_SOCKET_MODE: "0666"',
        'POSTERN_AGENT_SOCKET_OWNER: "100:101"',
        'POSTERN_AGENT_MAX_STALENESS: 10m',
        'POSTERN_AGENT_DATA_DIR:',
      ].join('\n'),
    );
    const environment = { POSTERN_AGENT_MAX_STALENESS: '2h', POSTERN_AGENT_POSTFIX: '', POSTERN_OTHER: 'x' };
    expect(loadAgentSettings(environment, config)).toMatchObject({
      relay: {
        urls: ['https://a.example', 'https://b.example'],
        maxStalenessMs: 7_200_000,
        dataDir: '.postern-agent',
      },
      http: { host: '::1', port: 9000 },
      postfix: { path: '/run/postern/policy' },
      dovecotAuth: { listen: { systemd: 'dovecot-auth' }, upstream: { path: '/run/dovecot/auth' } },
      socketAccess: { mode: 0o666, owner: { uid: 100, gid: 101 } },
    });
  });

  it('take the key from a file, without the line’s end', async () => {
    const POSTERN_RELAY_KEY_FILE = await file('key', `${KEY}\n`);
    expect(loadAgentSettings({ POSTERN_RELAY_KEY_FILE }, null)).toMatchObject({
      relay: { key: KEY },
      relayKeyFile: POSTERN_RELAY_KEY_FILE,
    });
  });

  it.each<[NodeJS.ProcessEnv, string]>([
    [{ POSTERN_RELAY_KEY: '' }, 'POSTERN_RELAY_KEY or POSTERN_RELAY_KEY_FILE must be set.'],
    [{ POSTERN_RELAY_KEY: 'hidden' }, 'POSTERN_RELAY_KEY must be an API key of the role relay'],
    [{ POSTERN_RELAY_KEY_FILE: '/x' }, 'POSTERN_RELAY_KEY must not be set together with POSTERN_RELAY_KEY_FILE'],
    [{ POSTERN_RELAY_KEY: '', POSTERN_RELAY_KEY_FILE: '/nowhere' }, 'POSTERN_RELAY_KEY_FILE must name a file that can'],
    [{ POSTERN_RELAY_NAME: 'a b' }, 'POSTERN_RELAY_NAME must have 1 to 100 printable ASCII characters'],
    [{ POSTERN_AGENT_UPSTREAMS: 'ftp://x' }, 'POSTERN_AGENT_UPSTREAMS must be an http or https URL'],
    [
      { POSTERN_AGENT_UPSTREAMS: 'https://x/base' },
      'POSTERN_AGENT_UPSTREAMS must be an http or https URL without path',
    ],
    [{ POSTERN_AGENT_UPSTREAMS: 'https://x/?a' }, 'POSTERN_AGENT_UPSTREAMS must be an http or https URL without path'],
    [{ POSTERN_AGENT_UPSTREAMS: 'https://hidden@x' }, 'POSTERN_AGENT_UPSTREAMS must be an http or https URL without'],
    [{ POSTERN_AGENT_HTTP: '8035' }, 'POSTERN_AGENT_HTTP must be host:port, or unix:/path'],
    [{ POSTERN_AGENT_HTTP: 'unix:relative' }, 'POSTERN_AGENT_HTTP must be host:port, or unix:/path'],
    [{ POSTERN_AGENT_HTTP: '127.0.0.1:70000' }, 'POSTERN_AGENT_HTTP must be host:port, or unix:/path'],
    [{ POSTERN_AGENT_POSTFIX: `unix:/${'a'.repeat(120)}` }, 'POSTERN_AGENT_POSTFIX must be host:port, or unix:/path'],
    [{ POSTERN_AGENT_DOVECOT_AUTH: 'unix:/a' }, 'POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM must be set together'],
    [{ POSTERN_AGENT_DOVECOT_AUTH: 'systemd:' }, 'POSTERN_AGENT_DOVECOT_AUTH must be host:port, or unix:/path'],
    [{ POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM: 'systemd:a' }, 'POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM must be host:port'],
    [{ POSTERN_AGENT_TLS_CERT_FILE: '/a' }, 'POSTERN_AGENT_TLS_KEY_FILE must be set together'],
    [{ POSTERN_AGENT_TLS_CA_FILE: '/nowhere' }, 'POSTERN_AGENT_TLS_CA_FILE must name a file that can be read'],
    [{ POSTERN_AGENT_NGINX_BACKEND: 'x' }, 'POSTERN_AGENT_NGINX_BACKEND must be an http or https URL'],
    [{ POSTERN_AGENT_SOCKET_MODE: '999' }, 'POSTERN_AGENT_SOCKET_MODE must be an octal mode such as 0660'],
    [{ POSTERN_AGENT_SOCKET_OWNER: 'postfix' }, 'POSTERN_AGENT_SOCKET_OWNER must be uid:gid, two numbers'],
    [{ POSTERN_AGENT_UNKNOWN_USER: 'deny' }, 'POSTERN_AGENT_UNKNOWN_USER must be defer or allow'],
    [{ POSTERN_AGENT_MAX_STALENESS: '24' }, 'POSTERN_AGENT_MAX_STALENESS must be a time such as 30s, 10m, 24h or 7d'],
    [{ POSTERN_AGENT_WHEN_STALE: 'open' }, 'POSTERN_AGENT_WHEN_STALE must be continue or defer'],
    [{ POSTERN_AGENT_OBSERVE_LOGINS: 'true' }, 'POSTERN_AGENT_OBSERVE_LOGINS must be yes or no'],
    [{ POSTERN_LOG_LEVEL: 'loud' }, 'POSTERN_LOG_LEVEL must be one of fatal'],
  ])('are refused in one line that names the wrong one: %j', (wrong, message) => {
    const load = () => loadAgentSettings({ POSTERN_RELAY_KEY: KEY, ...wrong }, null);
    expect(load).toThrow(message);
    expect(load).not.toThrow(/\n|hidden/);
  });

  it.each([
    ['POSTERN_AGENT_POSTFX: unix:/a', 'POSTERN_AGENT_POSTFX, which is not a setting. postern-agent --help lists them.'],
    ['POSTERN_AGENT_SOCKET_MODE: 0660', 'POSTERN_AGENT_SOCKET_MODE in'],
    ['- a', 'must have lines such as'],
    ['a: [', 'must be YAML'],
  ])('are refused from a file that says %j', async (text, message) => {
    const config = await file('wrong.yaml', text);
    expect(() => loadAgentSettings({ POSTERN_RELAY_KEY: KEY }, config)).toThrow(message);
  });

  it('warn of each upstream that gets the key in clear over a network', () => {
    const local = ['http://localhost:8025', 'http://127.0.0.1', 'http://127.0.1.1:8025/', 'http://[::1]:8025'];
    expect(keyInClear([...local, 'https://a.example'])).toEqual([]);
    expect(keyInClear(['http://a.example', 'http://127.0.0.1.example', 'HTTP://[2001:db8::1]:8025'])).toEqual([
      expect.stringMatching(/^upstream http:\/\/a\.example: http sends the relay key unencrypted/),
      expect.stringContaining('127.0.0.1.example'),
      expect.stringContaining('2001:db8::1'),
    ]);
  });

  it('are all in the documentation, with the words of the help, and the example is right', async () => {
    const page = await readFile(join(import.meta.dirname, '../../../docs/relay-agent.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(POSTERN_\w+)` +\| (.*?) +\|$/gm)].map(([, name, meaning]) => ({
      name,
      meaning,
    }));
    expect(rows).toEqual(SETTINGS);
    const example = join(import.meta.dirname, '../../../examples/relay-agent.yaml');
    const key = { POSTERN_RELAY_KEY_FILE: await file('example-key', KEY) };
    expect(loadAgentSettings(key, example)).toMatchObject({
      relay: { relayName: 'mx1' },
      socketAccess: { mode: 0o660 },
    });
  });

  it('are all known to the warning of misspelt ones', () => {
    expect(KNOWN_SETTINGS).toEqual(expect.arrayContaining(SETTINGS.map(({ name }) => name)));
  });
});
