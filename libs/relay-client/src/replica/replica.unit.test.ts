import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_DIGEST, digestToHex, policyDigest, usernameKey, xorDigest } from '@postern/contracts';
import type { RelayPolicy } from '@postern/contracts';
import { contains, parseAddress, parseRange } from '@postern/ip-ranges';
import { decideAccess, modeAt } from '@postern/restrictions';
import { decideBy } from '../decision.js';
import { lineOf, policy } from '../testing/policies.js';
import { PolicyUnreadable } from './policy-json.js';
import { Replica } from './replica.js';

const NOW = Date.parse('2026-11-01T12:00:00.000Z');
const at = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString();
const replicaOf = (...policies: RelayPolicy[]): Replica => {
  const replica = new Replica({ clock: () => NOW });
  for (const each of policies) replica.apply(lineOf(each));
  return replica;
};
const say = (replica: Replica, username: string, ip: string): string => {
  const { decision, reason } = decideBy(replica, username, ip, 'defer');
  return `${decision} ${reason}`;
};

const hex = (value: number): string => value.toString(16);

/** Few and close networks, so that matches are common. */
const address = fc.oneof(
  fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => `203.0.${a * 85}.${b * 85}`),
  fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)).map(([a, b, c]) => `2001:db8:${a}:${hex(b * 0x7fff)}::${hex(c * 0x7fff)}`),
);
const range = fc.tuple(address, fc.integer({ min: 1, max: 128 })).map(([text, bits]) => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(text);
  const { bytes, family } = parsed.value;
  const prefix = family === 'IPv4' ? 1 + ((bits - 1) % 32) : bits;
  const masked = bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - 8 * i))));
  const network =
    family === 'IPv4'
      ? masked.join('.')
      : Buffer.from(masked)
          .toString('hex')
          .replaceAll(/(....)(?!$)/g, '$1:');
  const canonical = parseRange(`${network}/${prefix}`);
  // A network that would hold the mapped addresses is refused: the address alone then.
  return canonical.ok ? canonical.value.text : parsed.value.text;
});
const expiresAt = fc.constantFrom(null, at(-1), at(0), at(1), at(86_400_000));
const anyPolicy = fc.record({
  username: fc.constantFrom('a@x', 'A@X', 'bb@x', 'ccc@x', 'dddd@x', 'e'.repeat(254)),
  restricted: fc.boolean(),
  mode: fc.constantFrom('enforce' as const, 'report-only' as const),
  enforceAt: expiresAt,
  entries: fc.array(fc.record({ range, expiresAt }), { maxLength: 7 }),
  version: fc.nat(9),
  removed: fc.boolean(),
});
const anyIp = fc.oneof(address, fc.constantFrom('', 'a00:1', '::ffff:203.0.85.85'));

describe('a replica', () => {
  it('keeps the four states distinct', () => {
    const replica = replicaOf(
      policy('free@acme.example', { restricted: false, entries: [] }),
      policy('office@acme.example', { entries: ['203.0.113.0/24'] }),
      policy('expired@acme.example', { entries: [{ range: '203.0.113.0/24', expiresAt: at(-1) }] }),
    );
    expect(say(replica, 'nobody@acme.example', '203.0.113.9')).toBe('defer smtp-user-unknown');
    expect(say(replica, 'free@acme.example', '198.51.100.1')).toBe('allow unrestricted');
    expect(say(replica, 'office@acme.example', '203.0.113.9')).toBe('allow entry-matched');
    expect(say(replica, 'office@acme.example', '198.51.100.1')).toBe('deny ip-not-authorized');
    expect(say(replica, 'expired@acme.example', '203.0.113.9')).toBe('deny no-live-entry');
  });

  it('stops honouring an entry at the exact instant of its expiry, by its own clock', () => {
    let now = NOW;
    const replica = new Replica({ clock: () => now });
    replica.apply(lineOf(policy('app@x', { entries: [{ range: '203.0.113.42', expiresAt: at(1) }] })));
    expect(say(replica, 'app@x', '203.0.113.42')).toBe('allow entry-matched');
    now += 1;
    expect(say(replica, 'app@x', '203.0.113.42')).toBe('deny no-live-entry');
  });

  it('returns the entry that matched, as in the policy', () => {
    const replica = replicaOf(
      policy('app@x', { entries: ['203.0.113.42', { range: '2001:db8::/32', expiresAt: at(5) }] }),
    );
    expect(decideBy(replica, 'APP@x', '2001:db8:1::1', 'defer').matched).toEqual({
      range: '2001:db8::/32',
      expiresAt: at(5),
    });
    expect(decideBy(replica, 'app@x', '::ffff:203.0.113.42', 'defer').matched).toEqual({
      range: '203.0.113.42',
      expiresAt: null,
    });
  });

  it('denies a source that is not an address to a restricted user, also in report-only', () => {
    const replica = replicaOf(
      policy('app@x'),
      policy('trial@x', { mode: 'report-only' }),
      policy('free@x', { restricted: false }),
    );
    expect(say(replica, 'app@x', 'a00:1')).toBe('deny source-ip-invalid');
    expect(say(replica, 'trial@x', 'a00:1')).toBe('deny source-ip-invalid');
    expect(say(replica, 'free@x', 'a00:1')).toBe('allow unrestricted');
  });

  it.each([
    ['without other times', policy('app@x', { mode: 'report-only', enforceAt: at(1) })],
    [
      'with an entry that expires',
      policy('app@x', {
        mode: 'report-only',
        enforceAt: at(1),
        entries: ['203.0.113.42', { range: '2001:db8::/64', expiresAt: at(86_400_000) }],
      }),
    ],
  ])('enforces the list at the instant at which report-only ends, by its own clock: %s', (_, ending) => {
    let now = NOW;
    const replica = new Replica({ clock: () => now });
    replica.apply(lineOf(ending));
    const restored = new Replica({ clock: () => now });
    for (const copy of replica.copies()) restored.restore(copy);
    restored.tenants.restore(replica.tenants.ids);
    for (const each of [replica, restored]) {
      now = NOW;
      const letIn = { decision: 'allow', reason: 'ip-not-authorized', mode: 'report-only' };
      expect(decideBy(each, 'app@x', '198.51.100.1', 'defer')).toMatchObject(letIn);
      expect(decideBy(each, 'app@x', '203.0.113.42', 'defer')).toMatchObject({
        decision: 'allow',
        mode: 'report-only',
      });
      now += 1;
      const refused = { decision: 'deny', reason: 'ip-not-authorized', mode: 'enforce' };
      expect(decideBy(each, 'app@x', '198.51.100.1', 'defer')).toMatchObject(refused);
      expect(decideBy(each, 'app@x', '203.0.113.42', 'defer')).toMatchObject({ decision: 'allow', mode: 'enforce' });
      expect(each.smtpUserId()).toBe(ending.smtpUserId);
      expect(each.tenantId()).toBe('acme');
      expect(digestToHex(each.digest)).toBe(digestToHex(policyDigest(ending)));
    }
  });

  it('matches as @postern/ip-ranges does', () => {
    fc.assert(
      fc.property(range, address, (rangeText, ipText) => {
        const parsed = parseRange(rangeText);
        const ip = parseAddress(ipText);
        const expected = parsed.ok && ip.ok && contains(parsed.value, ip.value);
        const decision = decideBy(replicaOf(policy('app@x', { entries: [rangeText] })), 'app@x', ipText, 'defer');
        expect(decision.matched).toEqual(expected ? { range: rangeText, expiresAt: null } : null);
      }),
      { numRuns: 2_000 },
    );
  });

  it('decides like the domain after any changes in any order, and has the digest of its policies', () => {
    fc.assert(
      fc.property(
        fc.array(anyPolicy, { minLength: 1, maxLength: 30 }),
        fc.array(anyIp, { minLength: 1 }),
        (changes, ips) => {
          const replica = new Replica({ clock: () => NOW });
          const model = new Map<string, RelayPolicy>();
          for (const [i, change] of changes.entries()) {
            const next = policy(change.username, { ...change, revision: i + 1 });
            replica.apply(lineOf(next));
            if (next.removed) model.delete(usernameKey(next.username));
            else model.set(usernameKey(next.username), next);
          }
          const digest = [...model.values()].reduce((sum, each) => xorDigest(sum, policyDigest(each)), EMPTY_DIGEST);
          expect(digestToHex(replica.digest)).toBe(digestToHex(digest));
          expect(replica.policies).toBe(model.size);
          for (const { username } of changes) {
            for (const ip of ips) {
              const held = model.get(usernameKey(username)) ?? null;
              const parsed = parseAddress(ip);
              const expected = decideAccess(held, parsed.ok ? parsed.value : null, new Date(NOW));
              const found = decideBy(replica, username, ip, 'defer');
              expect([found.decision, found.reason, found.mode]).toEqual([
                expected.decision,
                expected.reason,
                held && modeAt(held, new Date(NOW)),
              ]);
              expect(found.matched).toEqual(
                expected.matched === null ? null : (held?.entries[expected.matched] ?? null),
              );
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('finds every user after growing, and again after most have been removed', () => {
    const replica = new Replica({ clock: () => NOW });
    const ipOf = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    for (let i = 0; i < 30_000; i++) replica.apply(lineOf(policy(`app${i}@x`, { entries: [ipOf(i)] })));
    for (let i = 0; i < 30_000; i++)
      if (i % 10 !== 0) replica.apply(lineOf(policy(`app${i}@x`, { removed: true, entries: [] })));
    expect(replica.policies).toBe(3_000);
    for (let i = 0; i < 30_000; i++) {
      expect(say(replica, `app${i}@x`, ipOf(i))).toBe(i % 10 === 0 ? 'allow entry-matched' : 'defer smtp-user-unknown');
    }
  });

  it('frees the memory of replaced policies, and continues to decide by the last ones', () => {
    const replica = new Replica({ clock: () => NOW });
    const users = 2_000;
    // Every tenth has too many entries for a block; how many of which family changes, and with it the length.
    const entriesOf = (user: number, round: number): string[] => {
      const many = Array.from(
        { length: user % 10 === 0 ? 40 + (round % 3) : round % 4 },
        (_, i) => `2001:db8::${hex(i + 1)}`,
      );
      return [`10.0.${round}.0/24`, ...many];
    };
    let bytesAtFirst = 0;
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < users; i++) {
        replica.apply(lineOf(policy(`app${i}@x`, { entries: entriesOf(i, round), revision: round * users + i + 1 })));
      }
      if (round === 12) bytesAtFirst = replica.byteLength;
    }
    expect(replica.byteLength).toBeLessThan(1.5 * bytesAtFirst);
    for (let i = 0; i < users; i++) {
      expect(say(replica, `app${i}@x`, '10.0.59.7')).toBe('allow entry-matched');
      expect(say(replica, `app${i}@x`, '10.0.58.7')).toBe('deny ip-not-authorized');
      expect(say(replica, `app${i}@x`, '2001:db8::28')).toBe(
        i % 10 === 0 ? 'allow entry-matched' : 'deny ip-not-authorized',
      );
    }
    for (let i = 0; i < users; i++) replica.apply(lineOf(policy(`app${i}@x`, { removed: true, entries: [] })));
    expect([replica.policies, digestToHex(replica.digest)]).toEqual([0, '0000000000000000']);
  });

  it('is copied with every user as it was or newer, while users change between two copies', () => {
    const replica = new Replica();
    const users = 50_000;
    const put = (user: number, changes: Parameters<typeof policy>[1]): void =>
      void replica.apply(lineOf(policy(`app${user}@x`, changes)));
    const two = ['192.0.2.1', '192.0.2.2'];
    for (let i = 0; i < users; i++) put(i, i === 0 ? { entries: two } : {});
    put(0, { removed: true });
    const copies = replica.copies();
    const taken = [copies.next().value as Uint32Array];
    // Its list would fit where the removed one was, which is copied already.
    put(users - 1, { entries: two });
    put(1, { entries: ['192.0.2.3'] });
    put(2, { entries: two });
    taken.push(...copies);
    expect(taken.length).toBeGreaterThan(2);
    const restored = new Replica();
    for (const copy of taken) restored.restore(copy);
    expect(restored.policies).toBe(users - 1);
    expect(say(restored, 'app0@x', '203.0.113.42')).toBe('defer smtp-user-unknown');
    expect(say(restored, `app${users - 1}@x`, '192.0.2.2')).toBe('allow entry-matched');
    expect(say(restored, 'app1@x', '192.0.2.3')).toBe('allow entry-matched');
    expect(say(restored, 'app2@x', '192.0.2.2')).toBe('allow entry-matched');
  });

  it('stores a user with the maximum number of entries', () => {
    const entries = Array.from({ length: 1_000 }, (_, i) => ({
      range: `2001:db8::${(i + 1).toString(16)}`,
      expiresAt: at(i + 1),
    }));
    const replica = replicaOf(policy('big@x', { entries }));
    expect(decideBy(replica, 'big@x', '2001:db8::3e8', 'defer').matched).toEqual(entries[999]);
    expect(() =>
      replica.apply(lineOf(policy('big@x', { entries: [...entries, { range: '10.0.0.1', expiresAt: null }] }))),
    ).toThrow(PolicyUnreadable);
  });

  it.each([
    ['host bits', policy('app@x', { entries: ['203.0.113.1/24'] })],
    ['all of IPv4', policy('app@x', { entries: ['0.0.0.0/0'] })],
    ['a time that is none', policy('app@x', { entries: [{ range: '203.0.113.1', expiresAt: 'soon' }] })],
    ['a username that is none', policy('na\u{ef}ve@x')],
  ])('refuses a policy with %s, and is unchanged', (_, bad) => {
    const replica = replicaOf(policy('app@x'));
    const before = digestToHex(replica.digest);
    expect(() => replica.apply(lineOf(bad))).toThrow(PolicyUnreadable);
    expect(digestToHex(replica.digest)).toBe(before);
    expect(say(replica, 'app@x', '203.0.113.42')).toBe('allow entry-matched');
  });

  const users = 100_000;
  it.each([
    ['as many users as it was made for', users],
    ['users that nobody announced', 0],
  ])('needs at most 100 bytes per user with three mixed ranges, for %s', (_, expectedUsers) => {
    const replica = new Replica({ expectedUsers });
    for (let i = 0; i < users; i++) {
      const net = `2001:db8:${i.toString(16).padStart(5, '0').slice(0, 4)}:1::`;
      const canonical = parseRange(`${net}/64`);
      const v6 = canonical.ok ? canonical.value.text : '2001:db8::/64';
      const third = i % 2 === 0 ? '203.0.113.7' : '2001:db8::7';
      replica.apply(
        lineOf(policy(`app${String(i).padStart(6, '0')}@acme.test`, { entries: ['203.0.113.0/24', v6, third] })),
      );
    }
    expect(replica.byteLength / users).toBeLessThanOrEqual(100);
  });
});
