import { describe, expect, it } from '@jest/globals';
import type { SmtpUserCommand } from './commands.js';
import { given, YESTERDAY, added, entry, registered, taken } from './testing/given.js';

const office = entry('203.0.113.42');
const home = entry('198.51.100.7');
const remove = ({ id }: typeof office): SmtpUserCommand => ({ type: 'RemoveEntry', entryId: id });

describe('removing an entry', () => {
  it('repeats its range in the event', () => {
    expect(given(registered, added(office, home)).when(remove(home))).toEqual({ happened: [taken(home)] });
  });

  it('refuses one that is not there', () => {
    expect(given(registered).when(remove(home))).toMatchObject({ refused: { code: 'entry-not-found' } });
    expect(given(registered, added(office, home), taken(home)).when(remove(home))).toMatchObject({
      refused: { code: 'entry-not-found' },
    });
  });

  it('refuses the last one, and points at clearing', () => {
    const outcome = given(registered, added(office, home), taken(home)).when(remove(office));
    expect(outcome).toMatchObject({ refused: { code: 'last-entry' } });
    expect('refused' in outcome && outcome.refused.detail).toContain('DELETE …/restriction');
  });

  it('refuses the last one also when it is expired', () => {
    const expired = entry('203.0.113.42', { expiresAt: YESTERDAY });
    expect(given(registered, added(expired)).when(remove(expired))).toMatchObject({ refused: { code: 'last-entry' } });
  });
});
