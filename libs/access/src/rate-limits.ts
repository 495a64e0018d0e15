import { Inject, Injectable } from '@nestjs/common';
import type { ApiKeyId } from '@postern/contracts';
import { Problem } from '@postern/http';
import { neighbourhood, parseAddress } from '@postern/ip-ranges';
import { SETTINGS, type RuntimeSettings, type Rate } from '@postern/settings';
import { TokenBucket } from 'limiter';
import { LRUCache } from 'lru-cache';
import { counter } from '@postern/observe';

@Injectable()
export class RequestLimits {
  private readonly byKey: TokenBuckets;
  private readonly bySource: TokenBuckets;

  constructor(@Inject(SETTINGS) settings: Pick<RuntimeSettings, 'rateLimit' | 'failedAuthLimit'>) {
    this.byKey = new TokenBuckets(settings.rateLimit);
    this.bySource = new TokenBuckets(settings.failedAuthLimit);
  }

  /** @throws `too-many-requests`. */
  takeRequest(keyId: ApiKeyId): void {
    const seconds = this.byKey.take(keyId);
    if (seconds > 0) throw tooMany('api-key', 'This API key sends more requests than it may. Send', seconds);
  }

  /** `source` is null for a caller without an address. @throws `too-many-requests`. */
  takeFailure(source: string | null): void {
    const seconds = this.bySource.take(source === null ? '' : network(source));
    const what = 'Too many requests came from your address without a valid API key. Correct the key, and send';
    if (seconds > 0) throw tooMany('failed-authentication', what, seconds);
  }
}

/** The owner of an IPv6 address usually has its /64. */
export function network(address: string): string {
  const parsed = parseAddress(address);
  return parsed.ok && parsed.value.family === 'IPv6' ? neighbourhood(parsed.value).text : address;
}

function tooMany(limit: Limit, what: string, seconds: number): Problem {
  countLimited(limit);
  return new Problem('too-many-requests', `${what} it again after ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}

/** The least recently used bucket is dropped, and starts full again. */
export const MAX_BUCKETS = 10_000;

export class TokenBuckets {
  private readonly buckets = new LRUCache<string, TokenBucket>({ max: MAX_BUCKETS });

  constructor(private readonly rate: Rate) {}

  /** 0 if there is a token; otherwise the seconds until there is one (1 or more). */
  take(name: string): number {
    if (this.rate.perSecond === 0) return 0;
    const bucket = this.bucketOf(name);
    return bucket.tryRemoveTokens(1) ? 0 : Math.max(1, Math.ceil(bucket.getWaitTime(1) / 1_000));
  }

  private bucketOf(name: string): TokenBucket {
    const known = this.buckets.get(name);
    if (known) return known;
    const { perSecond, burst } = this.rate;
    const bucket = new TokenBucket({ bucketSize: burst, tokensPerInterval: perSecond, interval: 1_000 });
    // The library's buckets start empty.
    bucket.content = burst;
    this.buckets.set(name, bucket);
    return bucket;
  }
}

export type Limit =
  'api-key' | 'failed-authentication' | 'policy-snapshots' | 'policy-streams' | 'denial-streams' | 'exports';

export const requestsLimited = counter(
  'postern_requests_limited_total',
  'Requests that were answered with 429 too-many-requests, by the limit that they exceeded.',
  ['limit'],
);

export function countLimited(limit: Limit): void {
  requestsLimited.inc({ limit });
}
