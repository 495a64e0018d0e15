import { beforeEach, describe, expect, it } from '@jest/globals';
import type { SmtpUserId } from '@postern/contracts';
import { Replica } from '../replica/replica.js';
import { lineOf, policy } from '../testing/policies.js';
import { LoginCounter, RECORD_WORDS } from './login-counter.js';

const USERS = 51;

let replica: Replica;
let counter: LoginCounter;
let waiting: number;

const nameOf = (user: number): string => `app${user}@acme.example`;

beforeEach(() => {
  replica = new Replica();
  for (let i = 0; i < USERS; i++) {
    const smtpUserId = `0198c0de-0000-7000-8000-0000000000${i.toString(16).padStart(2, '0')}` as SmtpUserId;
    replica.apply(lineOf(policy(nameOf(i), { smtpUserId, restricted: false, entries: [] })));
  }
  waiting = 0;
  counter = new LoginCounter(() => waiting);
});

function login(ip: string, username = nameOf(0)): void {
  replica.decideCode(username, ip);
  counter.count(replica);
}
/** The end of the user's id, the address, and how many. */
function taken(): [number, string, number][] {
  const words = counter.take();
  return Array.from({ length: words.length / RECORD_WORDS }, (_, i) => {
    const [, , , user, ...rest] = words.subarray(i * RECORD_WORDS, (i + 1) * RECORD_WORDS);
    const address = rest.slice(0, 4).map((word) => word.toString(16));
    return [user ?? -1, address.join(':'), rest[4] ?? 0];
  });
}
const manyLogins = (addresses: number, username = nameOf(0)): void => {
  for (let i = 0; i < addresses; i++) login(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, username);
};

describe('the counter of logins', () => {
  it('has one record for a user and an address, however either is spelled', () => {
    login('203.0.113.9');
    login('::ffff:203.0.113.9', 'APP0@acme.example');
    login('::FFFF:cb00:7109');
    login('203.0.113.9', nameOf(1));
    login('2001:db8::1');
    login('2001:DB8:0:0::1');
    expect(taken()).toEqual([
      [0, '0:0:ffff:cb007109', 3],
      [1, '0:0:ffff:cb007109', 1],
      [0, '20010db8:0:0:1', 2],
    ]);
    expect(counter).toMatchObject({ counted: 6, dropped: 0 });
  });

  it('begins again once its records were taken', () => {
    login('203.0.113.9');
    expect(taken()).toHaveLength(1);
    expect(taken()).toEqual([]);
    login('203.0.113.9');
    expect(taken()).toEqual([[0, '0:0:ffff:cb007109', 1]]);
  });

  it('counts no login whose address cannot be read', () => {
    login('203.0.113.9');
    login('oops');
    replica.decideCode(nameOf(0), 7 as unknown as string);
    counter.count(replica);
    expect(taken()).toEqual([[0, '0:0:ffff:cb007109', 1]]);
    expect(counter).toMatchObject({ counted: 1, dropped: 0 });
  });

  it('has room for 1,000 addresses of one user, drops and counts more of them, and continues to count those that it has', () => {
    manyLogins(1_500);
    login('10.0.0.1');
    expect(counter).toMatchObject({ counted: 1_001, dropped: 500 });
    login('10.0.0.1', nameOf(1));
    const records = taken();
    expect(records).toHaveLength(1_001);
    expect(records.filter(([, , logins]) => logins > 1)).toEqual([[0, '0:0:ffff:a000001', 2]]);
  });

  it('has room for 50,000 records, with those that wait to be sent', () => {
    waiting = 49_990;
    manyLogins(20);
    expect(counter).toMatchObject({ counted: 10, dropped: 10 });
    waiting = 0;
    manyLogins(20);
    expect(counter).toMatchObject({ counted: 30, dropped: 10 });
  });

  it('counts each of 50,000 records right, and drops all others', () => {
    for (let round = 0; round < 2; round++) for (let user = 0; user < USERS; user++) manyLogins(1_000, nameOf(user));
    expect(counter).toMatchObject({ counted: 100_000, dropped: 2_000 });
    const records = taken();
    expect(records.every(([, , logins]) => logins === 2)).toBe(true);
    expect(new Set(records.map(([user, address]) => `${user} ${address}`)).size).toBe(50_000);
  });
});
