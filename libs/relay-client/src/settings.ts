import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UnknownUser } from './decision.js';
import type { OnProblem } from './status.js';

export interface RelayClientSettings {
  /** In order of preference. If one fails or refuses, the next is used. Example: `https://postern.example`. */
  readonly urls: readonly string[];
  /** A key of the role `relay`. */
  readonly key: string;
  /** For `https`, in PEM: the trusted authorities instead of the system's; this relay's certificate and its key. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The name of this relay in its denials. */
  readonly relayName: string;
  /** The relay's software and version, for operators (header `User-Agent`). Default: this package and its version. */
  readonly client?: string;
  /** For a username without a policy: `defer` (default), or `allow` while rolling out. Both are counted. */
  readonly unknownUser?: UnknownUser;
  /** Time since the last contact with the control plane after which `whenStale` applies. Default: a day. */
  readonly maxStalenessMs?: number;
  /** `continue` (default): with the last policies. `defer`: 454 until the control plane is back. */
  readonly whenStale?: 'continue' | 'defer';
  /** A folder of this process for policies and denials, so that a restart loses neither. Default: none. */
  readonly dataDir?: string | null;
  /** `start` resolves after this time even without policies; logins are deferred until they arrive. Default: 10 s. */
  readonly startWithinMs?: number;
  /** After this time without a byte (three heartbeats) the stream is closed. Default: 15 s. */
  readonly silenceMs?: number;
  /** First and longest wait between attempts. Default: 250 ms, 15 s. */
  readonly retryBaseMs?: number;
  readonly retryMaxMs?: number;
  /** Wait before the preferred upstream is tried again; up to ten times that if it stays down. Default: 30 s. */
  readonly preferAgainMs?: number;
  /** Wait after the key was refused. Default: 30 s. */
  readonly refusedRetryMs?: number;
  /** Time between checks for denials to send. Default: 200 ms. */
  readonly flushIntervalMs?: number;
  /** Equal denials after the first are reported as one record with a count per window. 0: one by one. Default: a minute. */
  readonly foldWindowMs?: number;
  /** Whether to report from where users with a policy logged in, by the hour. Owners then see what a change would refuse. Default: true. */
  readonly observeLogins?: boolean;
  /** Between reports of logins. Default: a minute. */
  readonly reportLoginsEveryMs?: number;
  /** For one batch of denials or logins. Default: 10 s. */
  readonly requestTimeoutMs?: number;
  /** Changed policies are saved this often. Default: a minute. */
  readonly saveEveryMs?: number;
  /** Records of denials that may wait, 1 or more. Further ones are dropped and counted. Default: 100,000. */
  readonly maxDenials?: number;
  readonly onProblem?: OnProblem;
  /** Milliseconds since 1970, for the end of an entry, the time of a denial, the hour of logins, and the age of saved policies. */
  readonly clock?: () => number;
  /** Milliseconds that never go back, for every other age. Default: `performance.now`. */
  readonly elapsed?: () => number;
}

/** The key is read for each request, because it may be replaced. */
export type Settings = Omit<Required<RelayClientSettings>, 'key'> & { key: string };

export class BadSetting extends Error {
  override readonly name = 'BadSetting';
}

/** @throws BadSetting with the name of the setting. */
export function completeSettings(given: RelayClientSettings): Settings {
  const settings: Settings = {
    client: ['postern-relay-client', packageVersion()].filter(Boolean).join('/'),
    unknownUser: 'defer',
    maxStalenessMs: 24 * 60 * 60 * 1_000,
    whenStale: 'continue',
    dataDir: null,
    tls: {},
    startWithinMs: 10_000,
    silenceMs: 15_000,
    retryBaseMs: 250,
    retryMaxMs: 15_000,
    preferAgainMs: 30_000,
    refusedRetryMs: 30_000,
    flushIntervalMs: 200,
    foldWindowMs: 60_000,
    observeLogins: true,
    reportLoginsEveryMs: 60_000,
    requestTimeoutMs: 10_000,
    saveEveryMs: 60_000,
    maxDenials: 100_000,
    clock: Date.now,
    elapsed: () => performance.now(),
    ...given,
    onProblem: (problem) => {
      try {
        given.onProblem?.(problem);
      } catch {
        // An error in the log callback must not stop decisions.
      }
    },
  };
  const { urls } = settings;
  if (!Array.isArray(urls) || urls.length === 0)
    throw new BadSetting('urls must list the http(s) addresses of the control plane, the preferred one first.');
  for (const url of urls) {
    // The URL is not shown, because it may contain a password.
    if (!isBaseUrl(url))
      throw new BadSetting(
        'urls must be http(s) addresses of the control plane without path, query or user, such as https://postern.example.',
      );
  }
  checkKey(settings.key);
  if (settings.relayName.trim() === '')
    throw new BadSetting('relayName must say which relay this is; every denial has it.');
  if (!['defer', 'allow'].includes(settings.unknownUser)) throw new BadSetting('unknownUser must be defer or allow.');
  if (!['continue', 'defer'].includes(settings.whenStale)) throw new BadSetting('whenStale must be continue or defer.');
  if (!(Number.isInteger(settings.maxDenials) && settings.maxDenials >= 1))
    throw new BadSetting('maxDenials must be a whole number, 1 or more.');
  for (const [name, value] of Object.entries(settings)) {
    if (name.endsWith('Ms') && !(typeof value === 'number' && value >= 0)) {
      throw new BadSetting(`${name} must be a number of milliseconds, 0 or more.`);
    }
  }
  return settings;
}

/** Null unless this is the `dist/index.js` of the package; the sources have no version. */
function packageVersion(): string | null {
  try {
    const manifest = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8');
    return (JSON.parse(manifest) as { version?: string }).version ?? null;
  } catch {
    return null;
  }
}

/** Whether it is an http(s) URL of host and port only. The API's path would replace any other path. */
export function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, origin, href } = new URL(text);
  return /^https?:$/.test(protocol) && href === `${origin}/`;
}

/** @throws BadSetting. */
export function checkKey(key: string): void {
  if (!/^[\x21-\x7e]+$/.test(key)) throw new BadSetting('key must be an API key of the role relay (pst_relay_…).');
}
