import { describe, expect, it } from '@jest/globals';
import type { SmtpUserCommand } from './commands.js';
import {
  given,
  NOW,
  added,
  addEntries,
  entry,
  registered,
  removed,
  replaceWith,
  smtpUserId,
  tenantId,
  username,
} from './testing/given.js';

const register: SmtpUserCommand = { type: 'RegisterSmtpUser', smtpUserId, tenantId, username };
const rename = (to: string): SmtpUserCommand => ({ type: 'RenameSmtpUser', username: to });
const badUsername = {
  refused: { code: 'validation-failed', errors: [{ pointer: '/username', code: 'username-invalid', suggestions: [] }] },
};

describe('registering an SMTP user', () => {
  it('makes it known', () => {
    const registeredAt = NOW.toISOString();
    expect(given().when(register)).toEqual({
      happened: [{ type: 'SmtpUserRegistered', data: { smtpUserId, tenantId, username, registeredAt } }],
    });
  });

  it.each(['', 'with space', 'tab\t', 'ünïcode', 'x'.repeat(255)])('refuses the username %j', (wrong) => {
    expect(given().when({ ...register, username: wrong } as SmtpUserCommand)).toMatchObject(badUsername);
  });

  it.each([[[registered]], [[registered, removed]]])(
    'refuses an id that was used before: ids are for good',
    (events) => {
      expect(given(...events).when(register)).toMatchObject({ refused: { code: 'username-taken' } });
    },
  );
});

describe('renaming an SMTP user', () => {
  it('keeps the previous username in the event', () => {
    expect(given(registered).when(rename('new@acme.example'))).toEqual({
      happened: [{ type: 'SmtpUserRenamed', data: { username: 'new@acme.example', previousUsername: username } }],
    });
  });

  it('to another case is a change of what is shown', () => {
    expect(given(registered).when(rename('App@acme.example'))).toMatchObject({
      happened: [{ type: 'SmtpUserRenamed' }],
    });
  });

  it('to the same username gives no event', () => {
    expect(given(registered).when(rename(username))).toEqual({ happened: [] });
  });

  it('refuses what is not a username', () => {
    expect(given(registered).when(rename('a b'))).toMatchObject(badUsername);
  });
});

describe('removing an SMTP user', () => {
  it('makes it unknown, restricted or not', () => {
    const expected = { happened: [{ type: 'SmtpUserRemoved', data: { username } }] };
    expect(given(registered).when({ type: 'RemoveSmtpUser' })).toEqual(expected);
    expect(given(registered, added(entry('203.0.113.42'))).when({ type: 'RemoveSmtpUser' })).toEqual(expected);
  });
});

describe('an SMTP user that is not there', () => {
  const commands: SmtpUserCommand[] = [
    rename('new@acme.example'),
    { type: 'RemoveSmtpUser' },
    addEntries({ range: '203.0.113.42' }),
    { type: 'RemoveEntry', entryId: entry('203.0.113.42').id },
    replaceWith([{ range: '203.0.113.42' }]),
    { type: 'ClearRestriction' },
    { type: 'ChangeMode', mode: 'report-only' },
  ];

  it.each(commands)('refuses $type, whether it never was or was removed', (command) => {
    expect(given().when(command)).toMatchObject({ refused: { code: 'smtp-user-not-found' } });
    expect(given(registered, removed).when(command)).toMatchObject({ refused: { code: 'smtp-user-not-found' } });
  });
});
