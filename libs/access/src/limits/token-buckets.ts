import { TokenBucket } from 'limiter';
import type { Rate } from '@postern/settings';
import { LRUCache } from 'lru-cache';

/** Of so many names a bucket is kept; the one that was used longest ago is forgotten, and begins full again. */
export const MAX_BUCKETS = 10_000;

/** A token bucket for each name (an API key, an address), in the memory of this process alone. */
export class TokenBuckets {
  private readonly buckets = new LRUCache<string, TokenBucket>({ max: MAX_BUCKETS });

  constructor(private readonly rate: Rate) {}

  /** Takes a token: null. Where there is none, nothing is taken, and it tells how many whole seconds until there is one: 1 or more. */
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
