import { describe, expect, it } from '@jest/globals';
import type { SmtpUserEvent } from '@postern/contracts';
import { evolve, initialState, type SmtpUserState } from '@postern/restrictions';
import type { KnownSmtpUser } from '@postern/read-models';
import { Person } from '../../testing/happenings.js';
import { ofSmtpUser } from './before-and-after.js';

const person = new Person('a@acme.example');
const one = person.allowed('203.0.113.1');
const two = person.allowed('203.0.113.2', '2001:db8::/64');
const entriesOf = (event: SmtpUserEvent) => (event.type === 'RestrictionAdded' ? event.data.entries : []);
const [first] = entriesOf(one);
const [second, third] = entriesOf(two);

function last(...events: SmtpUserEvent[]) {
  let before: SmtpUserState = initialState();
  for (const event of events.slice(0, -1)) before = evolve(before, event);
  const event = events.at(-1) as SmtpUserEvent;
  return ofSmtpUser(before, event, evolve(before, event) as KnownSmtpUser);
}

describe('before and after a change', () => {
  const cleared = { type: 'RestrictionCleared', data: {} } as const;
  const enforceAt = '2026-12-01T00:00:00.000Z';
  const report: SmtpUserEvent = {
    type: 'RestrictionModeChanged',
    data: { mode: 'report-only', previousMode: 'enforce', enforceAt, previousEnforceAt: null },
  };
  const open = { restricted: false, mode: 'enforce', enforceAt: null, entries: [] };

  it('a registered SMTP user was nothing, and is open', () => {
    expect(last(person.registered())).toEqual({ before: null, after: { username: 'a@acme.example', ...open } });
  });

  it('a renamed one has its names', () => {
    expect(last(person.registered(), person.renamed('b'))).toEqual({
      before: { username: 'a@acme.example' },
      after: { username: 'b' },
    });
  });

  it('have the added entries only, and whether they restricted the user', () => {
    expect(last(person.registered(), one)).toEqual({
      before: { restricted: false, entries: [] },
      after: { restricted: true, entries: [first] },
    });
    expect(last(person.registered(), one, two)).toEqual({
      before: { restricted: true, entries: [] },
      after: { restricted: true, entries: [second, third] },
    });
  });

  it('removed entries are shown complete, as they were, though the event has only their ids', () => {
    const removed = { id: second?.id ?? first?.id, range: '203.0.113.2' } as {
      id: NonNullable<typeof first>['id'];
      range: string;
    };
    expect(last(person.registered(), one, two, { type: 'RestrictionRemoved', data: { entries: [removed] } })).toEqual({
      before: { restricted: true, entries: [second] },
      after: { restricted: true, entries: [] },
    });
  });

  it('changed entries are there as they were and as they are', () => {
    if (!first) throw new Error('There is no entry.');
    const { id, range } = first;
    const change = { id, range, note: 'office', previousNote: null, expiresAt: null, previousExpiresAt: null };
    const event: SmtpUserEvent = { type: 'RestrictionEntriesChanged', data: { entries: [change] } };
    expect(last(person.registered(), one, two, event)).toEqual({
      before: { restricted: true, entries: [first] },
      after: { restricted: true, entries: [{ ...first, note: 'office' }] },
    });
  });

  it('a changed mode has the modes, with their ends', () => {
    expect(last(person.registered(), one, report)).toEqual({
      before: { mode: 'enforce', enforceAt: null },
      after: { mode: 'report-only', enforceAt },
    });
  });

  it('a cleared restriction shows all entries that it had', () => {
    expect(last(person.registered(), one, two, report, cleared)).toEqual({
      before: { restricted: true, mode: 'report-only', enforceAt, entries: [first, second, third] },
      after: open,
    });
  });

  it('a removed SMTP user shows what it had before, and nothing after', () => {
    expect(last(person.registered(), one, person.removed())).toEqual({
      before: { username: 'a@acme.example', restricted: true, mode: 'enforce', enforceAt: null, entries: [first] },
      after: null,
    });
  });
});
