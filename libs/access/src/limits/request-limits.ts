import { Inject, Injectable } from '@nestjs/common';
import type { ApiKeyId } from '@postern/contracts';
import { Problem } from '@postern/http';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import { countLimited } from './limit-metrics.js';
import { TokenBuckets } from './token-buckets.js';

/** How many requests a caller may send this process: by its API key, and by its address for as long as it has proved none. */
@Injectable()
export class RequestLimits {
  private readonly byKey: TokenBuckets;
  private readonly bySource: TokenBuckets;

  constructor(@Inject(SETTINGS) settings: Pick<RuntimeSettings, 'rateLimit' | 'failedAuthLimit'>) {
    this.byKey = new TokenBuckets(settings.rateLimit);
    this.bySource = new TokenBuckets(settings.failedAuthLimit);
  }

  /** Counts a request of a proven key. Throws `too-many-requests`. */
  takeRequest(keyId: ApiKeyId): void {
    const refused = this.byKey.take(keyId);
    if (!refused) return;
    countLimited('api-key');
    throw tooMany('This API key sends more requests than it may.', refused.retryAfterSeconds);
  }

  /** Counts a request without a valid key. `source` is null for a caller without an address. Throws `too-many-requests`. */
  takeFailure(source: string | null): void {
    const refused = this.bySource.take(source === null ? '' : network(source));
    if (!refused) return;
    countLimited('failed-authentication');
    throw tooMany(
      'Too many requests came from your address without a valid API key. Correct the key, and',
      refused.retryAfterSeconds,
    );
  }
}

/** Whoever has one address of an IPv6 network has as a rule its whole /64. `address` is canonical. */
export function network(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).join(':');
}

function tooMany(what: string, seconds: number): Problem {
  const detail = `${what} ${what.endsWith('.') ? 'Send' : 'send'} it again after ${seconds} s.`;
  return new Problem('too-many-requests', detail, { headers: { 'retry-after': String(seconds) } });
}
