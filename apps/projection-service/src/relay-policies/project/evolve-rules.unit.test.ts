import { historyOf, recorded } from '@postern/testing';
import { describe, expect, it } from '@jest/globals';
import { evolve, initialState, type SmtpUserState } from '@postern/restrictions';
import fc from 'fast-check';
import { evolveRules, UNRESTRICTED, type RestrictionEvent } from './evolve-rules.js';

describe('the rules of a relay policy', () => {
  it('follow every event as the domain does', () => {
    const steps = fc.array(
      fc.record({ who: fc.constant(0), what: fc.integer({ min: 2, max: 5 }), name: fc.constant('a') }),
    );
    fc.assert(
      fc.property(steps, (how) => {
        let state: SmtpUserState = initialState();
        let rules = UNRESTRICTED;
        for (const event of recorded(historyOf(how))) {
          state = evolve(state, event);
          if (event.type.startsWith('Restriction')) rules = evolveRules(rules, event as RestrictionEvent);
          const { mode, enforceAt, restricted, entries } = state as Extract<SmtpUserState, { status: 'registered' }>;
          expect(rules).toEqual({
            mode,
            enforceAt,
            restricted,
            entries: entries.map(({ range, expiresAt }) => ({ range, expiresAt })),
          });
        }
      }),
    );
  });

  it('stay restricted without an entry, until they are cleared', () => {
    const removed = { type: 'RestrictionRemoved', data: { entries: [{ id: 'e', range: '203.0.113.1' }] } };
    const one = {
      mode: 'report-only',
      enforceAt: '2099-01-01T00:00:00.000Z',
      restricted: true,
      entries: [{ range: '203.0.113.1', expiresAt: null }],
    };
    const none = evolveRules(one as never, removed as never);
    expect(none).toEqual({ ...one, entries: [] });
    expect(evolveRules(none, { type: 'RestrictionCleared', data: {} } as never)).toEqual(UNRESTRICTED);
  });
});
