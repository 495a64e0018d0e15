import { describe, expect, it } from '@jest/globals';
import { inMode, isDirty, newDraft } from './draft.js';

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

  it('keeps what was typed when it becomes a text of the list, and back', () => {
    const whole = inMode(typed, 'replace');
    expect(whole.text).toBe('203.0.113.42 # office\n198.51.100.7\n');
    expect(inMode(whole, 'add').text).toBe(whole.text);
    expect(inMode(newDraft(base, 'replace'), 'add').text).toBe('');
  });
});
