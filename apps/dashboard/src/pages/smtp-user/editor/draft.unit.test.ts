import { describe, expect, it } from '@jest/globals';
import { isDirty, newDraft, rebased } from './draft.js';

const base = {
  version: 3,
  restricted: true,
  mode: 'enforce' as const,
  entries: [{ range: '203.0.113.42', note: 'office', expiresAt: null }],
};
const typed = { ...newDraft(base, 'add'), text: '198.51.100.7\n' };

describe('a draft', () => {
  it('begins with nothing to lose', () => {
    expect(isDirty(newDraft(base, 'add'))).toBe(false);
    expect(isDirty(newDraft(base, 'replace'))).toBe(false);
    expect(newDraft(base, 'replace').text).toBe('203.0.113.42 # office\n');
  });

  it('is dirty with what was typed, or taken out of the list', () => {
    expect(isDirty(typed)).toBe(true);
    expect(isDirty({ ...newDraft(base, 'replace'), text: '' })).toBe(true);
  });

  describe('of a list that somebody else has saved', () => {
    const added = { range: '192.0.2.1', note: null, expiresAt: null };
    const theirs = { ...base, version: 4, entries: [...base.entries, added] };
    const changes = [{ kind: 'added', after: added }];

    it('adds the same lines to that list', () => {
      expect(rebased(typed, theirs, [])).toEqual({ ...typed, base: theirs, theirs: changes });
    });

    it('has the changes of both in the text of the complete list', () => {
      const emptied = { ...newDraft(base, 'replace'), text: '203.0.113.9\n' };
      const mine = [{ ...added, range: '203.0.113.9' }];
      expect(rebased(emptied, theirs, mine)).toMatchObject({ text: '192.0.2.1\n203.0.113.9\n', theirs: changes });
      expect(rebased(emptied, base, mine)).toMatchObject({ text: '203.0.113.9\n', theirs: [] });
    });
  });
});
