import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditSchema } from '@postern/audit-trail-service';
import { encodeEvent, newId, type JournalId, type Recorded, type SmtpUserId } from '@postern/contracts';
import { migrate } from '@postern/database';
import { journalSchema } from '@postern/event-store';
import { projectionSchema } from '@postern/projection-service';
import { accessSchema } from '@postern/access';
import { loginsSchema } from '@postern/observed-logins';
import { createTestDatabase, type TestDatabase, runCommand, openClient } from '@postern/testing';
import type pg from 'pg';

let database: TestDatabase;
let owner: pg.Client;
let [readable, garbage] = ['', ''];
const denialId = newId();

const cli = (...args: string[]) =>
  runCommand('database-tool', args, {
    POSTERN_DATABASE_URL: database.url,
    POSTERN_LOG_LEVEL: 'silent',
    LANG: 'C.UTF-8',
  });

async function storeDeadLetter(key: string, value: string | Buffer): Promise<string> {
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO audit.dead_letters (consumer, topic, partition, "offset", reason, key, value)
     VALUES ('audit-denials', 'postern.auth-denials.v1', 3, 41, 'The message has no good "time".', $1, $2) RETURNING id`,
    [Buffer.from(key), Buffer.from(value)],
  );
  return rows[0]?.id ?? '';
}

function denialMessage() {
  const smtpUserId = newId<SmtpUserId>();
  const occurredAt = new Date().toISOString();
  const event = {
    xid: '900',
    position: 7,
    tenantId: 'acme',
    streamId: `auth-denials/${smtpUserId}`,
    version: 1,
    eventId: denialId,
    type: 'AuthDenied',
    schemaVersion: 1,
    data: {
      denialId,
      smtpUserId,
      username: 'app@acme.example',
      ip: '203.0.113.9',
      occurredAt,
      relay: 'mx1',
      reason: 'ip-not-authorized',
      mode: 'enforce',
      refused: true,
      count: 1,
    },
    metadata: {
      actor: { role: 'relay', keyId: newId(), name: 'mx1' },
      correlationId: 'request-1',
      causationId: null,
    },
    recordedAt: occurredAt,
  } as Recorded;
  return encodeEvent(event, newId<JournalId>());
}

beforeAll(async () => {
  database = await createTestDatabase('complete_postern', async (url) => {
    for (const component of [journalSchema, accessSchema, projectionSchema, auditSchema, loginsSchema])
      await migrate(url, component);
  });
  owner = await openClient(database.url);
  const { key, value } = denialMessage();
  readable = await storeDeadLetter(key, value);
  garbage = await storeDeadLetter('anybody', Buffer.from([0xff, 0x00]));
});
afterAll(async () => {
  await owner.end();
  await database.drop();
});

describe('dead letters on the command line', () => {
  it('are listed, as a table for people and complete as JSON', async () => {
    const { code, out } = await cli('dead-letters', 'list');
    expect([code, out.split('\n').length]).toEqual([0, 4]);
    expect(out).toContain(`postern.auth-denials.v1/3@41`);
    const { items } = JSON.parse((await cli('dead-letters', 'list', '--json')).out);
    expect(items.map(({ id, state }: { id: string; state: string }) => ({ id, state }))).toEqual([
      { id: readable, state: 'waiting' },
      { id: garbage, state: 'waiting' },
    ]);
    expect(JSON.parse((await cli('dead-letters', 'show', garbage)).out)).toMatchObject({
      key: { text: 'anybody' },
      value: { base64: '/wA=' },
      lastAction: null,
    });
    expect(await cli('dead-letters', 'show', newId())).toMatchObject({ code: 1, out: '' });
  });

  it('are retried: readable ones are recorded once, the rest has a reason and can be discarded', async () => {
    expect(await cli('dead-letters', 'retry', '--all')).toEqual({
      code: 1,
      out: `${readable}  is recorded now\n${garbage}  still cannot be read: The message is not JSON in UTF-8.\n`,
      err: '',
    });
    const { rows } = await owner.query('SELECT id FROM audit.denials');
    expect(rows).toEqual([{ id: denialId }]);
    expect(await cli('dead-letters', 'retry', readable)).toMatchObject({
      code: 1,
      out: `${readable}  does not wait: see postern dead-letters list --all\n`,
    });
    expect(await cli('dead-letters', 'discard', garbage)).toMatchObject({ code: 0, out: `${garbage}  is discarded\n` });
    expect(JSON.parse((await cli('dead-letters', 'show', garbage)).out)).toMatchObject({
      state: 'discarded',
      lastAction: { action: 'discard', actor: null, requestId: null, machineUser: userInfo().username },
    });
    expect(await cli('dead-letters', 'list')).toEqual({ code: 0, out: '', err: 'There is no dead letter.\n' });
    expect(await cli('dead-letters', 'retry', '--all')).toEqual({
      code: 0,
      out: '',
      err: 'There is no dead letter that waits.\n',
    });
  });

  it.each([[['retry']], [['retry', '--all', newId()]], [['show', 'x']], [['discard']]])(
    'a command line that is not right is exit code 2: %j',
    async (args) => expect(await cli('dead-letters', ...args)).toMatchObject({ code: 2, out: '' }),
  );
});
