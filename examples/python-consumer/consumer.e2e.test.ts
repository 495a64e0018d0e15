import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  digestToHex,
  EMPTY_DIGEST,
  encodePolicy,
  policyDigest,
  RELAY_POLICIES_TOPIC,
  xorDigest,
  type JournalId,
  type RelayPolicy,
} from '@postern/contracts';
import { KafkaTopicWriter, RELAY_POLICIES } from '@postern/event-bus';
import { parseAddress } from '@postern/ip-ranges';
import { decideAccess } from '@postern/restrictions';
import { describeWithKafka, describeWithPython, sendMessage } from '@postern/testing';

const FOLDER = import.meta.dirname;
const PAST = '2026-01-01T00:00:00.000Z';
const FUTURE = '2999-01-01T00:00:00.000Z';

const policy = (revision: number, username: string, rules: Partial<RelayPolicy>) =>
  ({
    username,
    tenantId: 'acme',
    smtpUserId: '0198c0de-0000-7000-8000-000000000001',
    restricted: true,
    mode: 'enforce',
    enforceAt: null,
    entries: [],
    version: 1,
    revision,
    removed: false,
    ...rules,
  }) as RelayPolicy;

const entries = [
  { range: '203.0.113.0/24', expiresAt: null },
  { range: '2001:db8::/64', expiresAt: FUTURE },
  { range: '198.51.100.7', expiresAt: PAST },
];
const JOURNAL = '0198c0de-0000-7000-8000-00000000001d' as JournalId;
const POLICIES = [
  policy(1, 'App@acme.example', { restricted: false }),
  policy(2, 'open@acme.example', { restricted: false }),
  policy(3, 'gone@acme.example', { removed: true }),
  policy(4, 'expired@acme.example', { entries: [{ range: '203.0.113.42', expiresAt: PAST }] }),
  policy(5, 'watched@acme.example', { entries, mode: 'report-only' }),
  policy(6, 'App@acme.example', { entries }),
  policy(7, 'trial@acme.example', { entries, mode: 'report-only', enforceAt: FUTURE }),
  policy(8, 'tried@acme.example', { entries, mode: 'report-only', enforceAt: PAST }),
];

describeWithPython(describe, 'the Python consumer', FOLDER, (python) => {
  it('reads addresses, ranges and usernames as the server does, by one table of cases', async () => {
    const script = `import consumer, json
cases = json.load(open('../reading-cases.json'))
def refused(text):
    try: return consumer.read_range(text) and False
    except ValueError: return True
print(json.dumps([
  [c for c in cases['addresses'] if (str(consumer.read_address(c['text'])) if consumer.read_address(c['text']) else None) != c['canonical']],
  [c for c in cases['ranges'] if refused(c['text']) == (c['text'] == c['canonical'])],
  [c for c in cases['usernames'] if consumer.username_key(c['text']) != c['canonical']],
]))`;
    const { stdout } = await promisify(execFile)(python, ['-c', script], { cwd: FOLDER });
    expect(JSON.parse(stdout)).toEqual([[], [], []]);
  });

  it('computes the digest that Postern’s heartbeats have', async () => {
    const script = `import consumer, json, sys
for policy in json.loads(sys.argv[1]): consumer.policies[consumer.username_key(policy['username'])] = consumer.readable(policy)
print(consumer.digest())`;
    const { stdout } = await promisify(execFile)(python, ['-c', script, JSON.stringify(POLICIES)], { cwd: FOLDER });
    const newest = new Map(POLICIES.map((each) => [each.username.toLowerCase(), each]));
    const digest = [...newest.values()].reduce((sum, each) => xorDigest(sum, policyDigest(each)), EMPTY_DIGEST);
    expect(stdout).toBe(`${digestToHex(digest)}\n`);
  });

  describeWithKafka(describe, 'of relay policies', (kafka) => {
    const prefix = `python-${randomUUID()}.`;
    const settings = { brokers: [kafka.address], tls: null, sasl: null, partitions: 3, replication: null };
    const writer = new KafkaTopicWriter(settings, RELAY_POLICIES, prefix);
    const env = { ...process.env, POSTERN_TOPIC: prefix + RELAY_POLICIES_TOPIC };

    beforeAll(async () => {
      await writer.open(JOURNAL);
      await writer.write(POLICIES.map((each) => encodePolicy(each, JOURNAL)));
    });
    afterAll(() => writer.close());

    const run = async (args: string[]) => (await promisify(execFile)(python, args, { cwd: FOLDER, env })).stdout;

    it('decides as Postern does', async () => {
      const questions = [
        ['app@acme.example', '203.0.113.9'],
        ['APP@acme.example', '::ffff:203.0.113.9'],
        ['app@acme.example', '2001:db8::1'],
        ['app@acme.example', '198.51.100.7'],
        ['app@acme.example', '010.0.0.1'],
        ['open@acme.example', '192.0.2.1'],
        ['gone@acme.example', '203.0.113.9'],
        ['nobody@acme.example', '203.0.113.9'],
        ['expired@acme.example', '203.0.113.42'],
        ['watched@acme.example', '192.0.2.1'],
        ['watched@acme.example', 'no address'],
        ['trial@acme.example', '192.0.2.1'],
        ['tried@acme.example', '192.0.2.1'],
        ['tried@acme.example', '203.0.113.9'],
      ] as const;
      const ask = `import consumer, json, sys
next(each for each in consumer.follow('${kafka.address}') if each is None)
print(json.dumps([consumer.decide(*question) for question in json.loads(sys.argv[1])]))`;
      const answers = await run(['-c', ask, JSON.stringify(questions)]);
      expect(JSON.parse(answers)).toEqual(questions.map(([username, ip]) => decidedByPostern(username, ip)));
    });

    it('answers a question on the command line', async () => {
      expect(await run(['consumer.py', kafka.address, 'app@acme.example', '192.0.2.1'])).toBe('deny\n');
    });

    it('prints each complete policy, and every change as it comes', async () => {
      const consumer = spawn(python, ['consumer.py', kafka.address], {
        cwd: FOLDER,
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(consumer, 'exit');
      const change = policy(9, 'late@acme.example', {});
      const seen: RelayPolicy[] = [];
      for await (const line of createInterface({ input: consumer.stdout })) {
        seen.push(JSON.parse(line) as RelayPolicy);
        if (seen.length === POLICIES.length) await writer.write([encodePolicy(change, JOURNAL)]);
        if (seen.length > POLICIES.length) break;
      }
      consumer.kill();
      await ended;
      const byRevision = (all: RelayPolicy[]) => all.toSorted((a, b) => a.revision - b.revision);
      expect(byRevision(seen)).toEqual(byRevision([...POLICIES, change]));
    });

    it('stops at a message that it cannot read, and decides nothing', async () => {
      const poison = { key: 'app@acme.example', value: 'no policy' };
      await sendMessage(kafka.address, prefix + RELAY_POLICIES_TOPIC, poison);
      await expect(run(['consumer.py', kafka.address, 'app@acme.example', '203.0.113.9'])).rejects.toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('JSONDecodeError'),
      });
    });
  });
});

function decidedByPostern(username: string, ip: string): string {
  const newest = POLICIES.findLast((each) => each.username.toLowerCase() === username.toLowerCase());
  const address = parseAddress(ip);
  const known = newest && !newest.removed ? newest : null;
  return decideAccess(known, address.ok ? address.value : null, new Date()).decision;
}
