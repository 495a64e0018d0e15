import { describe, expect, it } from '@jest/globals';
import { digestToHex } from '@postern/contracts';
import { decideBy } from '../decision.js';
import { Replica } from '../replica/replica.js';
import { lineOf, policy } from '../testing/policies.js';
import { LastKnownGoodUnusable, keep, revive } from './last-known-good.js';

const AGE = { savedAt: 1_000, contactAgeMs: 5 };
const replica = new Replica();
for (let i = 0; i < 500; i++) {
  const entries = [`10.0.${i % 250}.0/24`, { range: '2001:db8::/33', expiresAt: '2999-01-01T00:00:00.000Z' }];
  replica.apply(lineOf(policy(`app${i}@x`, { entries, revision: i + 1 })));
}
replica.apply(lineOf(policy('app7@x', { removed: true, entries: [], revision: 501 })));

describe('the last known good policies', () => {
  it('come back as they were', () => {
    const revived = revive(keep(replica, AGE), Date.now).replica;
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
    const revived = revive(keep(replica, AGE), Date.now).replica;
    revived.apply(lineOf(policy('app8@x', { entries: ['192.0.2.1'], revision: 502 })));
    expect(decideBy(revived, 'app8@x', '10.0.8.1', 'defer').reason).toBe('ip-not-authorized');
  });

  it('tell when they were saved, and how old they were then', () => {
    expect(revive(keep(replica, AGE), Date.now)).toMatchObject(AGE);
  });

  it('are not used if any single bit of them was flipped', () => {
    const small = new Replica();
    small.apply(lineOf(policy('app@x', { entries: ['203.0.113.0/24', '2001:db8::1'] })));
    const kept = keep(small, AGE);
    const accepted: number[] = [];
    for (let bit = 0; bit < kept.length * 8; bit++) {
      const flipped = Uint8Array.from(kept);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        revive(flipped, Date.now);
        accepted.push(bit);
      } catch (error) {
        expect(error).toBeInstanceOf(LastKnownGoodUnusable);
      }
    }
    expect(accepted).toEqual([]);
  });

  it.each<[string, (kept: Uint8Array) => Uint8Array]>([
    ['cut off', (kept) => kept.slice(0, -4)],
    ['cut off within a word', (kept) => kept.slice(0, -1)],
    ['empty', () => new Uint8Array()],
    ['too long', (kept) => Uint8Array.from([...kept, 0, 0, 0, 0])],
    ['overwritten', (kept) => kept.map((byte, i) => (i > 5_000 && i < 6_000 ? 0xff : byte))],
  ])('are not used if they are %s', (_, damage) => {
    expect(() => revive(damage(keep(replica, AGE)), Date.now)).toThrow(LastKnownGoodUnusable);
  });
});
