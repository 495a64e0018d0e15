import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digestFromHex, digestToHex, fnv1a64, policyDigest, xorDigest, EMPTY_DIGEST } from './policy-digest.js';
import type { RelayPolicy } from './relay-policy.js';

const policy: RelayPolicy = {
  username: 'App@acme.example',
  tenantId: 'acme' as RelayPolicy['tenantId'],
  smtpUserId: '0198c0de-0000-7000-8000-000000000001' as RelayPolicy['smtpUserId'],
  restricted: true,
  mode: 'enforce',
  enforceAt: null,
  entries: [{ range: '203.0.113.42', expiresAt: null }],
  version: 2,
  revision: 7 as RelayPolicy['revision'],
  removed: false,
};

describe('the digest of relay policies', () => {
  // The test vectors of the FNV authors (draft-eastlake-fnv, appendix C).
  it.each([
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['foobar', '85944171f73967e8'],
  ])('is FNV-1a with 64 bits: %j results in %s', (text, hex) => {
    expect(digestToHex(fnv1a64(text))).toBe(hex);
  });

  it('equals the BigInt definition on any ASCII text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        let h = 0xcbf29ce484222325n;
        for (const c of Buffer.from(text, 'latin1')) h = ((h ^ BigInt(c)) * 0x100000001b3n) & 0xffffffffffffffffn;
        expect(digestToHex(fnv1a64(text))).toBe(h.toString(16).padStart(16, '0'));
      }),
    );
  });

  it('does not depend on the revision or on the case of the username, but on every rule', () => {
    const of = (change: Partial<RelayPolicy>) => digestToHex(policyDigest({ ...policy, ...change }));
    expect(of({ revision: 8 as RelayPolicy['revision'], username: 'APP@ACME.EXAMPLE' })).toBe(of({}));
    const changed = [
      of({ mode: 'report-only' }),
      of({ mode: 'report-only', enforceAt: '2030-01-01T00:00:00.000Z' }),
      of({ restricted: false }),
      of({ version: 3 }),
      of({ entries: [] }),
      of({ entries: [{ range: '203.0.113.42', expiresAt: '2030-01-01T00:00:00.000Z' }] }),
    ];
    expect(new Set([of({}), ...changed]).size).toBe(7);
  });

  it('leaves a removed policy out of the sum, and a change taken back cancels', () => {
    expect(policyDigest({ ...policy, removed: true })).toEqual(EMPTY_DIGEST);
    const d = policyDigest(policy);
    expect(xorDigest(xorDigest(EMPTY_DIGEST, d), d)).toEqual(EMPTY_DIGEST);
    expect(digestFromHex(digestToHex(d))).toEqual(d);
  });
});
