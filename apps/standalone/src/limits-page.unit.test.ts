import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { COMMAND_LIMITS } from '@postern/command-service';
import { isHelpUrl, isReplyText, isUsername, MAX_LOGINS_PER_REPORT } from '@postern/contracts';
import { CONNECT_TIMEOUT_MS, CONSUMER_POOL, LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS } from '@postern/database';
import { KAFKA_LIMITS } from '@postern/event-bus';
import { JOURNAL_LIMITS } from '@postern/event-store';
import { DEFAULT_DENIAL_STREAM_LIMITS, LOGIN_LIMITS } from '@postern/audit-trail-service';
import {
  BATCHES_KEPT_HOURS,
  MAX_ADDRESSES_PER_DAY,
  MAX_RELAYS_PER_ADDRESS,
  MAX_SOURCES,
} from '@postern/observed-logins';
import { PROJECTION_LIMITS } from '@postern/projection-service';
import {
  ACCESS_DEADLINE_MS,
  FRESH_MS,
  KEY_CHECK_MS,
  KEY_LOOK_UPS,
  MAX_BUCKETS,
  MAX_CACHED_KEYS,
  SESSION_HOURS,
} from '@postern/access';
import { MAX_DEPTH } from '@postern/contracts';
import { MAX_ERRORS, MAX_HOPS, READ_DEADLINE_MS, SERVER_LIMITS as server } from '@postern/http';
import { DEFAULT_EXPORT_LIMITS as exports } from '@postern/lists';
import { CHECK_TIMEOUT_MS, LOG_BUFFER_BYTES } from '@postern/observe';
import { loadSettings } from '@postern/settings';

const { streams } = PROJECTION_LIMITS;
const defaults = loadSettings({});

const number = (value: number) => value.toLocaleString('en-US');
const seconds = (ms: number) => `${ms / 1_000} s`;
const bytes = (count: number) => (count < 1_048_576 ? `${count / 1_024} KiB` : `${count / 1_048_576} MiB`);
const upTo = (most: number) => `1 to ${number(most)}`;

/** The longest that the rule takes. */
const longest = (rule: (text: string) => boolean, start = '') =>
  Array.from({ length: 500 }, (_, i) => i + 1).findLast((n) => rule(start.padEnd(n, 'x'))) ?? 0;

/** Every row of the page, with the value that the code has. */
const ROWS: readonly (readonly [limit: string, value: string])[] = [
  ['Requests of one API key, each second', number(defaults.rateLimit.perSecond)],
  ['Requests of one API key, burst', number(defaults.rateLimit.burst)],
  ['Requests without a valid key, each second', number(defaults.failedAuthLimit.perSecond)],
  ['Requests without a valid key, burst', number(defaults.failedAuthLimit.burst)],
  ['Keys and addresses counted', `${number(MAX_BUCKETS)} each`],
  ['Keys in the cache', number(MAX_CACHED_KEYS)],
  ['Age of a cached key', seconds(FRESH_MS)],
  ['Keys in one look-up', number(KEY_LOOK_UPS.batch)],
  ['Keys that wait for a look-up', number(KEY_LOOK_UPS.waiting)],

  ['Body', bytes(server.smallBodyBytes)],
  ['Body with a list: entries, denials', bytes(server.bodyBytes)],
  ['Members and elements of a body, in all', number(server.bodyMembers)],
  ['URL and headers together', bytes(server.headerBytes)],
  ['Characters of one variable part of a path', number(server.pathPartLength)],
  ['Levels of a body’s JSON', number(MAX_DEPTH)],
  ['Hops of `X-Forwarded-For` that are read', number(MAX_HOPS)],
  ['Entries of a restriction, expired ones too', number(COMMAND_LIMITS.entries)],
  ['Characters of a range as typed', number(COMMAND_LIMITS.rangeLength)],
  ['Characters of a note', number(COMMAND_LIMITS.noteLength)],
  ['Characters of a username', upTo(longest(isUsername))],
  ['Characters of a tenant’s or a key’s name', upTo(COMMAND_LIMITS.nameLength)],
  ['Characters of the text of a denied login’s reply', upTo(longest(isReplyText))],
  ['Characters of the link in that reply', number(longest(isHelpUrl, 'https://'))],
  ['Characters of a decision’s username or address', number(COMMAND_LIMITS.decisionTextLength)],
  ['Characters of a key or code to sign in with', number(COMMAND_LIMITS.secretLength)],
  ['Denials of a report', upTo(COMMAND_LIMITS.denialsPerReport)],
  ['Count of a folded denial', number(COMMAND_LIMITS.denialCount)],
  ['Characters of a relay’s name', upTo(COMMAND_LIMITS.relayNameLength)],
  ['Records of a batch of logins', `0 to ${number(MAX_LOGINS_PER_REPORT)}`],
  ['Count of a record of logins', number(LOGIN_LIMITS.count)],
  ['Entries on a page of SMTP users', number(PROJECTION_LIMITS.entriesPerPage)],
  ['Fields that a 422 names', number(MAX_ERRORS)],
  ['Addresses that a `lockout-risk` names', number(COMMAND_LIMITS.addressesAtRisk)],
  ['Addresses that `accept` of a `lockout-risk` covers', number(COMMAND_LIMITS.addressesToAccept)],

  ['Connections', number(defaults.maxConnections)],
  ['Policy streams', number(streams.maxClients)],
  ['Policy streams of one API key', number(streams.maxClientsPerKey)],
  ['Unread bytes of a policy stream', bytes(streams.maxUnreadBytes)],
  ['Streams of live denials', number(DEFAULT_DENIAL_STREAM_LIMITS.maxClients)],
  ['Streams of live denials of one API key', number(DEFAULT_DENIAL_STREAM_LIMITS.maxClientsPerKey)],
  ['Streams that read older changes', number(streams.catchUpReads)],
  ['Snapshots that are read', number(PROJECTION_LIMITS.snapshotReaders)],
  ['Versions of the snapshot that are kept', number(PROJECTION_LIMITS.snapshotsKept)],
  ['Exports', number(exports.atOnce)],
  ['Exports of one API key', number(exports.atOnceByKey)],
  ['Rows of an export in memory', number(exports.pageRows)],
  ['Changes of one SMTP user that run or wait', number(COMMAND_LIMITS.writesOfOneUser)],
  ['Requests with one `Idempotency-Key` at once', number(COMMAND_LIMITS.repeats)],
  ['Sessions of one API key', number(COMMAND_LIMITS.sessionsOfOneKey)],
  ['Sign-in links of one API key', number(COMMAND_LIMITS.linksOfOneKey)],
  ['Appends that wait for the journal', number(JOURNAL_LIMITS.waitingItems)],
  ['Bytes that wait for the journal', bytes(JOURNAL_LIMITS.waitingBytes)],
  ['Reports of denials in that queue', number(COMMAND_LIMITS.reportsInJournal)],
  ['Batches of logins that are stored at once', number(LOGIN_LIMITS.batchesAtOnce)],
  ['Batches of logins that wait', number(LOGIN_LIMITS.batchesWaiting)],
  ['Addresses kept for each SMTP user and day', number(MAX_ADDRESSES_PER_DAY)],
  ['Addresses that a suggestion considers', number(MAX_SOURCES)],
  ['Relays kept for each address and day', number(MAX_RELAYS_PER_ADDRESS)],
  ['Log that waits for its reader', bytes(LOG_BUFFER_BYTES)],
  ['Bytes of events sent to Kafka at once', bytes(KAFKA_LIMITS.bytesPerSend)],
  ['Bytes of one event for Kafka', bytes(KAFKA_LIMITS.messageBytes)],

  ['To send the headers', seconds(server.headersMs)],
  ['To send a complete request', seconds(server.requestMs)],
  ['A connection between two requests', seconds(server.keepAliveMs)],
  ['An idle connection during a request', seconds(server.stillMs)],
  ['To look up a key', seconds(ACCESS_DEADLINE_MS)],
  ['A read, until its answer begins', seconds(READ_DEADLINE_MS)],
  ['A write', seconds(COMMAND_LIMITS.deadlineMs)],
  ['To read the logins for `Postern-Guard`', seconds(COMMAND_LIMITS.guardMs)],
  ['A read with `Postern-Min-Version`', seconds(PROJECTION_LIMITS.minVersionWaitMs)],
  ['A check of `/health/ready`', seconds(CHECK_TIMEOUT_MS)],
  ['To read a snapshot', seconds(PROJECTION_LIMITS.snapshotMs)],
  ['A stream or snapshot that nobody reads', seconds(streams.stalledMs)],
  ['An export', seconds(exports.totalMs)],
  ['To read 64 KiB of an export', seconds(exports.stalledMs)],
  ['Between two heartbeats of a stream', seconds(streams.heartbeatMs)],
  ['Time between checks of the key of a long answer', seconds(KEY_CHECK_MS)],
  ['Answer stored for an `Idempotency-Key`', `${COMMAND_LIMITS.answerLifeHours} h`],
  ['A session that is not used', `${SESSION_HOURS.unused} h`],
  ['A session', `${SESSION_HOURS.most} h`],
  ['A repeated batch of logins is recognised', `${BATCHES_KEPT_HOURS} h`],
  ['Hour of a login ahead of Postern’s clock', `${LOGIN_LIMITS.aheadMs / 3_600_000} h`],
  ['A sign-in link', `${COMMAND_LIMITS.linkMinutes} min`],
  ['To connect to the database', seconds(CONNECT_TIMEOUT_MS)],
  ['A statement in the database', seconds(STATEMENT_TIMEOUT_MS)],
  ['A statement of a consumer', seconds(CONSUMER_POOL.statementTimeoutMs)],
  ['A wait for a lock in the database', seconds(LOCK_TIMEOUT_MS)],
  ['To connect to Kafka', seconds(KAFKA_LIMITS.connectMs)],
  ['A request to Kafka', seconds(KAFKA_LIMITS.requestMs)],
  ['A Kafka consumer without a heartbeat', seconds(KAFKA_LIMITS.silentMs)],
];

/** Rows whose value is a pattern in the code; limits.e2e.test.ts sends what is on either side of it. */
const SENT_BY_TEST = [
  '`Idempotency-Key`, printable ASCII',
  '`X-Request-Id`, letters, digits and `._-`',
  'Rows of a page (`limit`)',
];

describe('the page of limits', () => {
  it('says of each limit what the code does, and lists no other', async () => {
    const text = await readFile(new URL('../../../docs/limits.md', import.meta.url), 'utf8');
    const rows = text
      .split('\n')
      .filter((line) => /^\| [^-]/.test(line) && !line.startsWith('| limit '))
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll("'", '’')))
      .map(([, limit = '', value = '']) => [limit, value] as const);
    expect(rows.filter(([limit]) => !SENT_BY_TEST.includes(limit))).toEqual(ROWS);
    expect(rows.map(([limit]) => limit).filter((limit) => SENT_BY_TEST.includes(limit))).toEqual(SENT_BY_TEST);
  });

  it('names each setting of a limit as the settings do', async () => {
    const text = await readFile(new URL('../../../docs/limits.md', import.meta.url), 'utf8');
    const named = [...text.matchAll(/\| `(POSTERN_[A-Z_]+)`/g)].map(([, name = '']) => name);
    expect(named).toHaveLength(5);
    for (const name of named) expect(() => loadSettings({ [name]: 'nonsense' })).toThrow(name);
  });

  it('is the same with nginx in front of the services', async () => {
    const text = await readFile(new URL('../../../deploy/nginx/postern-server.conf', import.meta.url), 'utf8');
    const of = (name: string) => new RegExp(`^${name} +(.+);$`, 'm').exec(text)?.[1];
    const s = (ms: number) => `${ms / 1_000}s`;
    expect(of('client_max_body_size')).toBe(`${server.bodyBytes >> 20}m`);
    expect(of('large_client_header_buffers')).toBe(`2 ${server.headerBytes / 1_024}k`);
    expect([of('client_header_timeout'), of('keepalive_timeout')]).toEqual([
      s(server.headersMs),
      s(server.keepAliveMs),
    ]);
    expect(of('send_timeout')).toBe(s(exports.stalledMs));
    expect(Number.parseInt(of('proxy_read_timeout') ?? '') * 1_000).toBeGreaterThan(COMMAND_LIMITS.deadlineMs);
    expect(Number.parseInt(of('proxy_read_timeout') ?? '') * 1_000).toBeGreaterThan(streams.heartbeatMs);
  });
});
