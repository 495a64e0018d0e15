import { Inject, Injectable } from '@nestjs/common';
import type { ApiKeyId } from '@postern/contracts';
import { Problem } from '@postern/http';
import { SETTINGS, type RuntimeSettings, type Rate } from '@postern/settings';
import { TokenBucket } from 'limiter';
import { LRUCache } from 'lru-cache';
import { counter } from '@postern/observe';

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

/** Whoever has one address of an IPv6 network usually has its complete /64. `address` is canonical. */
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

/** Of so many names a bucket is kept; the one that was used longest ago is forgotten, and begins full again. */
export const MAX_BUCKETS = 10_000;

/** A token bucket for each name (an API key, an address), in the memory of this process alone. */
export class TokenBuckets {
  private readonly buckets = new LRUCache<string, TokenBucket>({ max: MAX_BUCKETS });

  constructor(private readonly rate: Rate) {}

  /** Takes a token and returns null. Where there is none, returns in how many seconds there will be one: 1 or more. */
  take(name: string): { readonly retryAfterSeconds: number } | null {
    if (this.rate.perSecond === 0) return null;
    const bucket = this.bucketOf(name);
    if (bucket.tryRemoveTokens(1)) return null;
    return { retryAfterSeconds: Math.max(1, Math.ceil(bucket.getWaitTime(1) / 1_000)) };
  }

  private bucketOf(name: string): TokenBucket {
    const known = this.buckets.get(name);
    if (known) return known;
    const { perSecond, burst } = this.rate;
    const bucket = new TokenBucket({ bucketSize: burst, tokensPerInterval: perSecond, interval: 1_000 });
    // The library's buckets begin empty.
    bucket.content = burst;
    this.buckets.set(name, bucket);
    return bucket;
  }
}

/** What a request was refused for with 429. */
export type Limit =
  'api-key' | 'failed-authentication' | 'policy-snapshots' | 'policy-streams' | 'denial-streams' | 'exports';

export const requestsLimited = counter(
  'postern_requests_limited_total',
  'Requests that were answered 429 too-many-requests, by the limit that they met.',
  ['limit'],
);

/** Counts a request that meets the limit; to be called where its problem is thrown. */
export function countLimited(limit: Limit): void {
  requestsLimited.inc({ limit });
}
