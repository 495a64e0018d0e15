import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digestToHex, policyDigest } from '@postern/contracts';
import type { RelayPolicy } from '@postern/contracts';
import { parseRange } from '@postern/ip-ranges';
import { decideBy } from '../decision.js';
import { lineOf, policy } from '../testing/policies.js';
import { PackedUsername } from './packed-username.js';
import { PolicyUnreadable } from './policy-json.js';
import { PolicyReader } from './policy-reader.js';
import { Replica } from './replica.js';
import { TenantNumbers } from './tenant-numbers.js';

const reader = new PolicyReader(new PackedUsername(), new TenantNumbers());
const line = (text: string): Buffer => Buffer.from(`${text}\n`);
const digestAfter = (...lines: Buffer[]): string => {
  const replica = new Replica();
  for (const each of lines) replica.apply(each);
  return digestToHex(replica.digest);
};

const username = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  minLength: 1,
  maxLength: 30,
});
const anyPolicy: fc.Arbitrary<RelayPolicy> = fc
  .record({
    username,
    restricted: fc.boolean(),
    mode: fc.constantFrom('enforce' as const, 'report-only' as const),
    enforceAt: fc.constantFrom(null, '2026-12-01T08:00:00.123Z'),
    entries: fc.array(
      fc.record({
        range: fc.constantFrom('203.0.113.42', '10.0.0.0/8', '2001:db8::/32', '::1', '1:0:0:2::3'),
        expiresAt: fc.constantFrom(null, '2999-12-31T23:59:59.999Z'),
      }),
      { maxLength: 4 },
    ),
    version: fc.maxSafeNat(),
    revision: fc.maxSafeNat(),
  })
  .map(({ username: name, ...changes }) => policy(name, changes));

describe('the reader of policies', () => {
  it("reads what our server writes without a JSON parser, and its digest is the contract's", () => {
    fc.assert(
      fc.property(anyPolicy, (each) => {
        const bytes = Buffer.concat([line('{}'), lineOf(each), line('{}')]);
        expect(reader.read(bytes, 3)).toBe(bytes.length - 3);
        expect([reader.revision, reader.removed]).toEqual([each.revision, false]);
        expect(digestAfter(lineOf(each))).toBe(digestToHex(policyDigest(each)));
      }),
    );
  });

  it('reads any other legal form of JSON as the same policy', () => {
    fc.assert(
      fc.property(anyPolicy, fc.integer({ min: 0, max: 10 }), (each, turn) => {
        const members = Object.entries({ ...each, comment: 'na\u{ef}ve "}' });
        const turned = Object.fromEntries([...members.slice(turn), ...members.slice(0, turn)]);
        const entries = each.entries.map(({ range, expiresAt }) => ({ id: 7, expiresAt, range }));
        const escaped = JSON.stringify({ ...turned, entries }).replaceAll(/[a-z](?=@|acme)/g, (c) => {
          return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
        });
        const spaced = JSON.stringify(each, null, 1).replaceAll('\n', '\r\t ');
        for (const text of [JSON.stringify(turned), escaped, spaced, `  ${lineOf(each).toString().trim()}\r`]) {
          expect(reader.read(line(text), 0)).toBe(-1);
          expect(digestAfter(line(text))).toBe(digestToHex(policyDigest(each)));
        }
      }),
    );
  });

  it('accepts ranges in canonical form, and nothing else', () => {
    const near = fc.string({ unit: fc.constantFrom(...'0123456789abcdefA::::..../'), minLength: 1, maxLength: 46 });
    const network = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6(), near), fc.oneof(fc.nat(130), fc.constant(null)));
    const anyRange = network.map(([address, prefix]) => (prefix === null ? address : `${address}/${prefix}`));
    const canonical = anyRange.map((text) => {
      const [address = '', prefix] = text.split('/');
      const single = parseRange(address);
      if (!single.ok) return text;
      const zeroes = single.value.text.includes(':') ? '::' : '.0.0';
      const cut = `${single.value.text
        .split(/[.:]/)
        .slice(0, 2)
        .join(single.value.text.includes(':') ? ':' : '.')}${zeroes}`;
      return prefix === undefined ? single.value.text : `${cut}/${prefix}`;
    });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(anyRange, canonical), (range) => {
        const parsed = parseRange(range);
        const isCanonical = parsed.ok && parsed.value.text === range;
        expect(reader.read(lineOf(policy('app@x', { entries: [range] })), 0) > 0).toBe(isCanonical);
        if (isCanonical) accepted++;
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(4_000);
  });

  it.each([
    ['JSON', '{"username":"app@x"'],
    ['JSON', '[]'],
    ['username', '{"username":7}'],
    ['smtpUserId', '{"username":"app@x"}'],
    ['restricted', lineOf(policy('app@x')).toString().replace('true', '"true"')],
    ['mode', lineOf(policy('app@x')).toString().replace('enforce', 'enforced')],
    ['enforceAt', lineOf(policy('app@x', { enforceAt: '2026-12-01' })).toString()],
    ['enforceAt', lineOf(policy('app@x')).toString().replace('"enforceAt":null,', '')],
    ['range', lineOf(policy('app@x', { entries: ['203.0.113.9/8'] })).toString()],
    ['expiresAt', lineOf(policy('app@x')).toString().replace('"expiresAt":null', '"expiresAt":"2999"')],
    ['expiresAt', lineOf(policy('app@x')).toString().replace(',"expiresAt":null', '')],
    ['version', lineOf(policy('app@x', { version: -1 })).toString()],
    ['revision', lineOf(policy('app@x', { revision: 2 ** 53 })).toString()],
    ['removed', lineOf(policy('app@x')).toString().replace(',"removed":false', '')],
  ])('names the %s that it cannot read in %s', (field, text) => {
    const replica = new Replica();
    expect(() => replica.apply(line(text.trim()))).toThrow(PolicyUnreadable);
    expect(() => replica.apply(line(text.trim()))).toThrow(`no readable ${field}:`);
    expect(decideBy(replica, 'app@x', '203.0.113.42', 'defer').reason).toBe('smtp-user-unknown');
  });

  it('changes nothing for a policy that is not newer than requested', () => {
    const replica = new Replica();
    replica.apply(lineOf(policy('app@x', { revision: 5 })));
    replica.apply(lineOf(policy('app@x', { revision: 5, entries: ['198.51.100.1'] })), 0, 5);
    expect(decideBy(replica, 'app@x', '203.0.113.42', 'defer').reason).toBe('entry-matched');
  });
});
