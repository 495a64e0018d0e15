import { historyOf, recorded, shuffledByUser, UserStory } from '@postern/testing';
import { describe, expect, it } from '@jest/globals';
import { EMPTY_DIGEST, xorDigest, type Recorded, type Revision, type SmtpUserEvent } from '@postern/contracts';
import fc from 'fast-check';
import type { PolicyTotals } from '../published-policies.js';
import { UsernameOwnership } from './username-ownership.js';
import type { PolicyRow } from './policy-row.js';
import { assignRevisions } from './assign-revisions.js';

const NONE: PolicyTotals = { revision: 0 as Revision, policies: 0, digest: EMPTY_DIGEST };

const histories = fc
  .array(fc.record({ who: fc.nat(4), what: fc.nat(5), name: fc.constantFrom('a', 'b', 'B', 'c') }), { maxLength: 40 })
  .map(historyOf);

/** The table in memory. */
class Table {
  totals = NONE;
  readonly rows = new Map<string, PolicyRow>();
  /** What relays were sent, in order. */
  readonly sent: PolicyRow[] = [];

  apply(events: readonly Recorded<SmtpUserEvent>[]): this {
    const owners = new UsernameOwnership([...this.rows.values()].map((row) => ({ ...row, changed: false })));
    for (const event of events) owners.apply(event);
    const { totals, rows } = assignRevisions(owners, this.totals);
    this.totals = totals;
    for (const row of rows) {
      this.rows.set(`${row.smtpUserId} ${row.usernameKey}`, row);
      if (row.revision !== null) this.sent.push(row);
    }
    return this;
  }

  /** What a relay knows: username to what it was last sent. */
  get relay(): Map<string, PolicyRow> {
    return new Map(this.sent.map((row) => [row.usernameKey, row]));
  }

  get known(): [string, string, number][] {
    return [...this.relay.values()]
      .filter((row) => !row.removed)
      .map((row): [string, string, number] => [row.username, row.smtpUserId, row.version])
      .sort();
  }
}

/** Who really holds each username in the end, with its last version. */
function truth(events: readonly Recorded<SmtpUserEvent>[]): [string, string, number][] {
  const users = new Map<string, { username: string | null; version: number }>();
  for (const event of events) {
    const before = users.get(event.streamId)?.username ?? null;
    const named =
      event.type === 'SmtpUserRegistered' || event.type === 'SmtpUserRenamed' ? event.data.username : before;
    const username = event.type === 'SmtpUserRemoved' ? null : named;
    users.set(event.streamId, { username, version: event.version });
  }
  return [...users]
    .flatMap(([stream, { username, version }]): [string, string, number][] =>
      username === null ? [] : [[username, stream.slice('smtp-user/'.length), version]],
    )
    .sort();
}

describe('relay policies', () => {
  it('follow a user from its registration to its removal, with a revision for each batch that changed it', () => {
    const user = new UserStory()
      .registered('App@acme.example')
      .restricted('203.0.113.0/24')
      .mode('report-only')
      .removed();
    const table = new Table();
    for (const event of recorded(user.history)) table.apply([event]);
    expect(
      table.sent.map(({ revision, version, removed, rules }) => ({ revision, version, removed, ...rules })),
    ).toEqual([
      { revision: 1, version: 1, removed: false, mode: 'enforce', enforceAt: null, restricted: false, entries: [] },
      {
        revision: 2,
        version: 2,
        removed: false,
        mode: 'enforce',
        enforceAt: null,
        restricted: true,
        entries: [{ range: '203.0.113.0/24', expiresAt: null }],
      },
      expect.objectContaining({ revision: 3, version: 3, mode: 'report-only', restricted: true }),
      { revision: 4, version: 4, removed: true, mode: 'report-only', enforceAt: null, restricted: true, entries: [] },
    ]);
    expect(table.totals).toEqual({ revision: 4, policies: 0, digest: EMPTY_DIGEST });
  });

  it('use one revision for all events of a batch that change one policy', () => {
    const user = new UserStory().registered('app').restricted('203.0.113.1').restricted('203.0.113.2');
    const table = new Table().apply(recorded(user.history));
    expect(table.sent.map((row) => [row.revision, row.version, row.rules.entries.length])).toEqual([[1, 3, 2]]);
  });

  it('leave a tombstone under the old name of a renamed user, and the rules under the new one', () => {
    const user = new UserStory().registered('old').restricted('203.0.113.1').renamed('new');
    const table = new Table().apply(recorded(user.history));
    expect(table.relay.get('old')).toMatchObject({ removed: true, version: 3 });
    expect(table.relay.get('new')).toMatchObject({ removed: false, version: 3, rules: { restricted: true } });
    expect(table.totals.policies).toBe(1);
  });

  it('keep one row when only the letters of a name change their case', () => {
    const table = new Table().apply(recorded(new UserStory().registered('app').renamed('APP').history));
    expect(table.sent).toMatchObject([{ username: 'APP', removed: false, version: 2 }]);
  });

  it('a removal that arrives after its username was taken again does not take it from the new owner', () => {
    const [first, second] = [new UserStory().registered('app'), new UserStory().registered('app')];
    const events = recorded([...first.history, ...second.history, ...first.removed().history.slice(1)]);
    const table = new Table();
    for (const event of events) table.apply([event]);
    expect(table.relay.get('app')).toMatchObject({ smtpUserId: second.smtpUserId, removed: false });
    expect(table.totals.policies).toBe(1);
  });

  it('come out as the truth in any order that keeps each user’s own, in batches of any size', () => {
    fc.assert(
      fc.property(
        histories,
        fc.array(fc.nat(20), { minLength: 1 }),
        fc.integer({ min: 1, max: 9 }),
        (history, random, size) => {
          const events = recorded(history);
          const table = new Table();
          const delivered = shuffledByUser(events, random);
          for (let i = 0; i < delivered.length; i += size) table.apply(delivered.slice(i, i + size));
          expect(table.known).toEqual(truth(events));
          const live = [...table.relay.values()].filter((row) => !row.removed);
          expect(table.totals.policies).toBe(live.length);
          expect(table.totals.digest).toEqual(live.reduce((sum, row) => xorDigest(sum, row.digest), EMPTY_DIGEST));
          expect(table.sent.map((row) => row.revision)).toEqual(table.sent.map((_, i) => i + 1));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('do not change when their events are applied again, once or often', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const events = recorded(history);
        const table = new Table().apply(events);
        const { totals } = table;
        const sent = table.sent.length;
        for (let again = 0; again < 3; again++) table.apply(events);
        expect(table.totals).toEqual(totals);
        expect(table.sent.length).toBe(sent);
      }),
      { numRuns: 100 },
    );
  });

  it('refuse an event whose predecessor was not applied', () => {
    const events = recorded(new UserStory().registered('app').restricted('203.0.113.1').cleared().history);
    expect(() => new Table().apply(events.slice(0, 1)).apply(events.slice(2))).toThrow(
      /Event 3 of .* only 1 were applied/,
    );
  });
});
