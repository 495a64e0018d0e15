import type { UnknownUser } from './decision.js';
import type { DenialSpool } from './denials/denial-spool.js';
import type { ControlPlane } from './http/control-plane.js';
import type { LastKnownGoodStore } from './policies/last-known-good.js';
import type { OnProblem } from './problem.js';

/** What a relay tells its client. Only `url`, `key` and `relayName` have no default. */
export interface RelayClientSettings extends ControlPlane {
  /** Stands in every denial: which relay it was. */
  readonly relayName: string;
  /** For a username that no policy names: `defer` (default), or `allow` while rolling out. Counted either way. */
  readonly unknownUser?: UnknownUser;
  /** How old the last contact with the control plane may grow before `whenStale` applies. Default: a day. */
  readonly maxStalenessMs?: number;
  /** `keep` (default): go on with the last policies. `defer`: 454 until the control plane is back. There is no `open`. */
  readonly whenStale?: 'keep' | 'defer';
  /** `start` resolves after so long even without policies; until they come, every login is deferred. Default: 10 s. */
  readonly startWithinMs?: number;
  /** So long without a byte, three heartbeats, and the stream counts as dead. Default: 15 s. */
  readonly silenceMs?: number;
  /** So long without a byte, and a snapshot is given up. Default: 30 s. */
  readonly snapshotIdleMs?: number;
  /** First and longest wait between attempts. Default: 250 ms, 15 s. */
  readonly retryBaseMs?: number;
  readonly retryMaxMs?: number;
  /** Wait after the key was refused. Default: 30 s. */
  readonly refusedRetryMs?: number;
  /** Between looks for denials to send. Default: 200 ms. */
  readonly flushIntervalMs?: number;
  /**
   * Of a flood of denials of one user, address, reason and mode the first is reported at once, and the rest as one record
   * with its count for each window. 0: each on its own. Default: a minute.
   */
  readonly foldWindowMs?: number;
  /** Floods that are counted at the same time, 1 or more; with one more the oldest is reported and closed. Default: 10,000. */
  readonly maxFoldWindows?: number;
  /** For one batch of denials. Default: 10 s. */
  readonly requestTimeoutMs?: number;
  /** At least so long between two savings of the last known good policies. Default: a minute. */
  readonly saveEveryMs?: number;
  readonly lastKnownGood?: LastKnownGoodStore;
  readonly denialSpool?: DenialSpool;
  readonly onProblem?: OnProblem;
  /** Milliseconds since 1970: for the end of an entry, the time of a denial, and the age of kept policies at the start. */
  readonly clock?: () => number;
  /** Milliseconds that only grow: for every other age. Default: `performance.now`. */
  readonly elapsed?: () => number;
}

/** A setting is not what it must be. */
export class BadSetting extends Error {
  override readonly name = 'BadSetting';
}

/** @throws BadSetting. */
export function checkKey(key: string): void {
  if (!/^[\x21-\x7e]+$/.test(key)) throw new BadSetting('key must be an API key of the role relay (pst_relay_…).');
}

/** @throws BadSetting, which names it. */
export function checkSettings(settings: RelayClientSettings): void {
  if (!URL.canParse(settings.url) || !/^https?:$/.test(new URL(settings.url).protocol)) {
    throw new BadSetting(`url must be the http(s) address of the control plane, not ${JSON.stringify(settings.url)}.`);
  }
  checkKey(settings.key);
  if (settings.relayName.trim() === '')
    throw new BadSetting('relayName must say which relay this is; it stands in every denial.');
  const { maxFoldWindows } = settings;
  if (maxFoldWindows !== undefined && !(Number.isInteger(maxFoldWindows) && maxFoldWindows >= 1))
    throw new BadSetting('maxFoldWindows must be a whole number, 1 or more.');
  for (const [name, value] of Object.entries(settings)) {
    if (name.endsWith('Ms') && !(typeof value === 'number' && value >= 0)) {
      throw new BadSetting(`${name} must be a number of milliseconds, 0 or more.`);
    }
  }
}
