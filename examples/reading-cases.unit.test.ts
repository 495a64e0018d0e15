import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { isUsername, usernameKey, type RelayPolicy } from '@postern/contracts';
import { parseAddress, parseRange } from '@postern/ip-ranges';
import { decideBy } from '../libs/relay-client/src/decision.js';
import { Replica } from '../libs/relay-client/src/replica/replica.js';
import { Passwords } from './relay-smtp-server/src/authenticate.js';

interface Case {
  readonly text: string;
  /** Null: it is refused. */
  readonly canonical: string | null;
}

/** The Python consumer runs the same table. */
const CASES = JSON.parse(readFileSync(new URL('reading-cases.json', import.meta.url), 'utf8')) as Record<
  'addresses' | 'ranges' | 'usernames',
  readonly Case[]
>;

const policy = (username: string, range: string) =>
  ({
    username,
    tenantId: 'acme',
    smtpUserId: '0198c0de-0000-7000-8000-000000000001',
    restricted: true,
    mode: 'enforce',
    enforceAt: null,
    entries: [{ range, expiresAt: null }],
    version: 1,
    revision: 1,
    removed: false,
  }) as unknown as RelayPolicy;

function replicaOf(username: string, range: string): Replica | null {
  const replica = new Replica();
  try {
    replica.apply(Buffer.from(`${JSON.stringify(policy(username, range))}\n`));
    return replica;
  } catch {
    return null;
  }
}

describe('the table of cases', () => {
  it.each(CASES.addresses)('reads the address $text as the server and the library do', ({ text, canonical }) => {
    const parsed = parseAddress(text);
    expect(parsed.ok ? parsed.value.text : null).toBe(canonical);
    const found = decideBy(replicaOf('app@x', canonical ?? '203.0.113.9') as Replica, 'app@x', text, 'defer').reason;
    expect(found).toBe(canonical === null ? 'source-ip-invalid' : 'entry-matched');
  });

  it.each(CASES.ranges)(
    'reads the range $text as the server does; the library takes its canonical form alone',
    (each) => {
      const parsed = parseRange(each.text);
      expect(parsed.ok ? parsed.value.text : null).toBe(each.canonical);
      expect(replicaOf('app@x', each.text) !== null).toBe(each.text === each.canonical);
    },
  );

  it.each(CASES.usernames)('reads the username $text as the server, the library and the relay do', (each) => {
    const { text, canonical } = each;
    expect(isUsername(text) ? usernameKey(text) : null).toBe(canonical);
    const replica = replicaOf(text, '203.0.113.9');
    expect(replica !== null).toBe(canonical !== null);
    if (replica !== null)
      expect(decideBy(replica, canonical ?? '', '203.0.113.9', 'defer').reason).toBe('entry-matched');
    const passwords = new Passwords({
      'app@acme.example': 'secret',
      [text]: 'secret',
      kelvin: 'other',
      i: 'other',
    });
    expect(passwords.verify(canonical ?? text, 'secret')).toBe(canonical !== null);
  });
});
