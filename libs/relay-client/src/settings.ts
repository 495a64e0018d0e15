import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UnknownUser } from './decision.js';
import type { OnProblem } from './status.js';

/** The settings of a relay. Only `urls`, `key` and `relayName` have no default. */
export interface RelayClientSettings {
  /**
   * Where the control plane is, in order of preference, for example `https://postern.example`. If one cannot be reached, or refuses, the
   * next one is asked; the preferred one is tried again after `preferAgainMs`.
   */
  readonly urls: readonly string[];
  /** A key of the role `relay`. */
  readonly key: string;
  /** For `https`, in PEM: the authorities to believe instead of the usual ones; this relay's certificate and its key. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Stands in every denial: which relay it was. */
  readonly relayName: string;
  /** The relay’s software and its version, for operators: the header `User-Agent`. Default: this package and its version. */
  readonly client?: string;
  /** For a username that no policy names: `defer` (default), or `allow` while rolling out. Counted either way. */
  readonly unknownUser?: UnknownUser;
  /** How old the last contact with the control plane may grow before `whenStale` applies. Default: a day. */
  readonly maxStalenessMs?: number;
  /** `continue` (default): with the last policies. `defer`: 454 until the control plane is back. There is no `open`. */
  readonly whenStale?: 'continue' | 'defer';
  /**
   * A folder for the last known good policies and for denials that wait, of this process alone; made if it is missing. With
   * it a restart loses neither. Default: none, both live in memory.
   */
  readonly dataDir?: string | null;
  /** `start` resolves after so long even without policies or replies; until policies come, every login is deferred. Default: 10 s. */
  readonly startWithinMs?: number;
  /** So long without a byte, three heartbeats, and the stream counts as dead. Default: 15 s. */
  readonly silenceMs?: number;
  /** First and longest wait between attempts. Default: 250 ms, 15 s. */
  readonly retryBaseMs?: number;
  readonly retryMaxMs?: number;
  /** While another upstream is in use, the preferred one is tried again after so long; after up to ten times that if it stays away. Default: 30 s. */
  readonly preferAgainMs?: number;
  /** Wait after the key was refused. Default: 30 s. */
  readonly refusedRetryMs?: number;
  /** Between looks for denials to send. Default: 200 ms. */
  readonly flushIntervalMs?: number;
  /**
   * Of a flood of denials of one user, address, reason and mode the first is reported at once, and the rest as one record
   * with its count for each window. 0: each on its own. Default: a minute.
   */
  readonly foldWindowMs?: number;
  /** For one batch of denials. Default: 10 s. */
  readonly requestTimeoutMs?: number;
  /** Policies that changed are saved after so long. Default: a minute. */
  readonly saveEveryMs?: number;
  /** Records of denials that may wait, 1 or more; those that find no room are dropped and counted. Default: 100,000. */
  readonly maxDenials?: number;
  readonly onProblem?: OnProblem;
  /** Milliseconds since 1970: for the end of an entry, the time of a denial, and the age of kept policies at the start. */
  readonly clock?: () => number;
  /** Milliseconds that only grow: for every other age. Default: `performance.now`. */
  readonly elapsed?: () => number;
}

/** All settings. The key is read at each request: it may be replaced. */
export type Settings = Omit<Required<RelayClientSettings>, 'key'> & { key: string };

/** A setting is not what it must be. */
export class BadSetting extends Error {
  override readonly name = 'BadSetting';
}

/** Checks the settings, and adds the defaults. @throws BadSetting, which names the bad one. */
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
        // The relay goes on deciding, whatever becomes of its log.
      }
    },
  };
  const { urls } = settings;
  if (!Array.isArray(urls) || urls.length === 0)
    throw new BadSetting('urls must list the http(s) addresses of the control plane, the preferred one first.');
  for (const url of urls) {
    // Not repeated: a user's part has a password.
    if (!isBaseUrl(url))
      throw new BadSetting(
        'urls must be http(s) addresses of the control plane without path, query or user, such as https://postern.example.',
      );
  }
  checkKey(settings.key);
  if (settings.relayName.trim() === '')
    throw new BadSetting('relayName must say which relay this is; it stands in every denial.');
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

/** Of the package, where this is its `dist/index.js`; null elsewhere: the sources have none of their own. */
function packageVersion(): string | null {
  try {
    const manifest = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8');
    return (JSON.parse(manifest) as { version?: string }).version ?? null;
  } catch {
    return null;
  }
}

/** Whether it is an http(s) URL of a host and a port alone. Any path in it would be lost: that of the API takes its place. */
export function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, origin, href } = new URL(text);
  return /^https?:$/.test(protocol) && href === `${origin}/`;
}

/** @throws BadSetting. */
export function checkKey(key: string): void {
  if (!/^[\x21-\x7e]+$/.test(key)) throw new BadSetting('key must be an API key of the role relay (pst_relay_…).');
}
