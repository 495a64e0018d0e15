import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isBaseUrl, RelayClient, type Decision } from '@postern/relay-client';
import type { HarakaPlugin } from './haraka.js';

export interface Settings {
  /** Haraka's plugin that checks passwords, for example `auth/flat_file`. */
  readonly auth: string;
  /** In order of preference, separated by commas. The policies are then in this process. */
  readonly upstreams?: string;
  readonly relay_name?: string;
  /** Only for this process. A restart must not lose its data. */
  readonly data_dir?: string;
  readonly unknown_user?: 'defer' | 'allow';
  readonly observe_logins?: 'yes' | 'no';
  /** A PEM file, for `https`. */
  readonly ca_file?: string;
  /** A relay agent that decides each login. */
  readonly agent?: string;
}

/** For logins with correct passwords. `check` never rejects. */
export interface Logins {
  check(username: string, ip: string | undefined): Promise<Pick<Decision, 'decision' | 'reply'>>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** @throws an `Error` with the wrong setting. */
export function settingsOf(plugin: HarakaPlugin): Settings {
  const { main: settings } = plugin.config.get('postern.ini', 'ini') as { readonly main: Settings };
  if (settings.auth === undefined)
    throw new Error('postern.ini must name in auth the plugin that checks passwords, for example auth/flat_file.');
  if ((plugin.config.get('plugins', 'list') as readonly string[]).includes(settings.auth))
    throw new Error(
      `config/plugins must not list ${settings.auth}: postern loads it, and on its own it would not ask Postern.`,
    );
  if ((settings.agent === undefined) === (settings.upstreams === undefined))
    throw new Error('postern.ini must have either upstreams, the URLs of Postern, or agent, the URL of a relay agent.');
  if (settings.agent !== undefined && !isBaseUrl(settings.agent))
    throw new Error(
      'agent in postern.ini must be an http(s) URL without path, query or user, such as http://127.0.0.1:8035.',
    );
  if (settings.upstreams !== undefined && !['0', '1'].includes(nodesOf(plugin)))
    throw new Error(
      'smtp.ini has nodes, and each would have all policies in memory: run a relay agent, and name it in postern.ini.',
    );
  return settings;
}

/** 0: only the first process serves connections; otherwise it starts this many. */
export function nodesOf(plugin: HarakaPlugin): string {
  const { main } = plugin.config.get('smtp.ini', 'ini') as { readonly main: { readonly nodes?: string | number } };
  return String(main.nodes ?? 1);
}

export function loginsBy(settings: Settings, plugin: HarakaPlugin): Logins {
  if (settings.agent !== undefined) return new AgentLogins(new URL('/decisions', settings.agent));
  const readKey = () => String(plugin.config.get('postern.key', 'value', changeKey) ?? '');
  const changeKey = () => {
    try {
      client.setKey(readKey());
    } catch (error) {
      plugin.logerror(`config/postern.key was changed, but the key stays as it was: ${(error as Error).message}`);
    }
  };
  const client = new RelayClient({
    urls: (settings.upstreams ?? '').split(',').map((url) => url.trim()),
    key: readKey(),
    relayName: settings.relay_name ?? hostname(),
    dataDir: settings.data_dir ?? null,
    unknownUser: settings.unknown_user ?? 'defer',
    observeLogins: settings.observe_logins !== 'no',
    tls: settings.ca_file === undefined ? {} : { ca: readFileSync(settings.ca_file, 'utf8') },
    onProblem: ({ code, detail }) => plugin.logerror(`${code}: ${detail}`),
  });
  return client;
}

/** An agent that takes longer has a problem of its own. */
const TIMEOUT_MS = 2_000;
const TRY_LATER = {
  decision: 'defer',
  reply: { code: 454, enhanced: '4.7.0', text: 'Temporary authentication failure' },
} as const;

class AgentLogins implements Logins {
  constructor(private readonly url: URL) {}

  async check(username: string, ip: string | undefined): ReturnType<Logins['check']> {
    try {
      const answer = await fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username, ip: ip ?? '' }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!answer.ok) return TRY_LATER;
      const decision = (await answer.json()) as Decision;
      return decision.decision === 'allow' || decision.reply ? decision : TRY_LATER;
    } catch {
      return TRY_LATER;
    }
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}
