import { describe, expect, it } from '@jest/globals';
import { digestToHex } from '@postern/contracts';
import { decideBy } from '../decision.js';
import { Replica } from '../replica/replica.js';
import { policy } from '../testing/policies.js';
import { LastKnownGoodUnusable, keep, revive } from './last-known-good.js';
import type { LastKnownGood } from './last-known-good.js';

const newReplica = (): Replica => new Replica();
const replica = new Replica();
for (let i = 0; i < 500; i++) {
  const entries = [`10.0.${i % 250}.0/24`, { range: '2001:db8::/33', expiresAt: '2999-01-01T00:00:00.000Z' }];
  replica.apply(policy(`app${i}@x`, { entries, revision: i + 1 }));
}
replica.apply(policy('app7@x', { removed: true, entries: [], revision: 501 }));

describe('the last known good policies', () => {
  it('come back as they were', () => {
    const revived = revive(keep(replica, 1_234), newReplica);
    expect([revived.revision, revived.policies, digestToHex(revived.digest)]).toEqual([
      501,
      499,
      digestToHex(replica.digest),
    ]);
    expect(decideBy(revived, 'app8@x', '10.0.8.1', 'defer').reason).toBe('entry-matched');
    expect(decideBy(revived, 'app8@x', '2001:db8:8000::', 'defer').reason).toBe('ip-not-authorized');
    expect(decideBy(revived, 'app7@x', '10.0.7.1', 'defer').reason).toBe('smtp-user-unknown');
  });

  it('can be changed after they came back', () => {
    const revived = revive(keep(replica, 0), newReplica);
    revived.apply(policy('app8@x', { entries: ['192.0.2.1'], revision: 502 }));
    expect(decideBy(revived, 'app8@x', '10.0.8.1', 'defer').reason).toBe('ip-not-authorized');
  });

  it.each<[string, (kept: LastKnownGood) => LastKnownGood]>([
    ['cut off', (kept) => ({ ...kept, records: kept.records.slice(0, -4) })],
    ['cut off within a word', (kept) => ({ ...kept, records: kept.records.slice(0, -1) })],
    ['empty', (kept) => ({ ...kept, records: new Uint8Array() })],
    ['from another digest', (kept) => ({ ...kept, digest: '0000000000000001' })],
    ['of another format', (kept) => ({ ...kept, format: 2 as 1 })],
    [
      'overwritten',
      (kept) => ({ ...kept, records: kept.records.map((byte, i) => (i > 5_000 && i < 6_000 ? 0xff : byte)) }),
    ],
  ])('are not used if they are %s', (_, damage) => {
    expect(() => revive(damage(keep(replica, 0)), newReplica)).toThrow(LastKnownGoodUnusable);
  });
});
