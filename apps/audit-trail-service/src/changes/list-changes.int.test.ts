import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type SessionId } from '@postern/contracts';
import { AuditWorld } from '../testing/audit-world.js';
import { ACTOR, METADATA, Person } from '../testing/happenings.js';
import type { Change } from './list-changes.js';

let world: AuditWorld;
let auditor: string;
beforeAll(async () => {
  world = await AuditWorld.create();
  auditor = await world.key('auditor', 'acme');
});
afterAll(() => world?.end());

const historyOf = (person: Person) => `/v1/tenants/acme/smtp-users/${person.smtpUserId}/history`;
const versions = (items: readonly Change[]) => items.map(({ version }) => version);

describe('GET …/history and …/changes', () => {
  it('show who did what, with which key and by which request, newest first', async () => {
    const person = new Person('a@acme.example');
    const allowed = person.allowed('203.0.113.0/24');
    await world.happened(person, person.registered(), allowed, person.renamed('b@acme.example'));
    const rest = {
      eventId: expect.any(String),
      occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      actor: ACTOR,
      requestId: 'request-1',
      smtpUserId: person.smtpUserId,
    };
    const items = [
      {
        ...rest,
        type: 'SmtpUserRenamed',
        username: 'b@acme.example',
        data: { username: 'b@acme.example', previousUsername: 'a@acme.example' },
        before: { username: 'a@acme.example' },
        after: { username: 'b@acme.example' },
        version: 3,
      },
      {
        ...rest,
        type: 'RestrictionAdded',
        username: 'a@acme.example',
        data: allowed.data,
        before: { restricted: false, entries: [] },
        after: { restricted: true, ...allowed.data },
        version: 2,
      },
      {
        ...rest,
        type: 'SmtpUserRegistered',
        username: 'a@acme.example',
        data: person.registered().data,
        before: null,
        after: { username: 'a@acme.example', restricted: false, mode: 'enforce', enforceAt: null, entries: [] },
        version: 1,
      },
    ];
    expect(await world.get(auditor, historyOf(person))).toEqual({ status: 200, body: { items, nextCursor: null } });
    expect(await world.get(auditor, '/v1/tenants/acme/changes')).toEqual({
      status: 200,
      body: { items, nextCursor: null },
    });
  });

  it('keep the trail of an SMTP user that was removed', async () => {
    const person = new Person('gone@acme.example');
    await world.happened(person, person.registered(), person.allowed('203.0.113.1'), person.removed());
    const { body } = await world.get<{ items: Change[] }>(auditor, historyOf(person));
    expect(body.items.map(({ type, username }) => [type, username])).toEqual([
      ['SmtpUserRemoved', 'gone@acme.example'],
      ['RestrictionAdded', 'gone@acme.example'],
      ['SmtpUserRegistered', 'gone@acme.example'],
    ]);
  });

  it('walked page by page while changes are made skip none and repeat none', async () => {
    const person = new Person('busy@acme.example');
    await world.happened(person, person.registered(), ...Array.from({ length: 10 }, () => person.renamed('x')));
    const walked = await world.walk<Change>(auditor, `${historyOf(person)}?limit=3`, () =>
      world.happened(person, person.renamed('y')),
    );
    expect(versions(walked)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('of a full list end a page early, below some megabytes, and skip none', async () => {
    const person = new Person('full@acme.example');
    const note = 'x'.repeat(900);
    const long = (n: number) => {
      const { type, data } = person.allowed(...Array.from({ length: 400 }, (_, i) => `10.${n}.${i >> 8}.${i & 255}`));
      if (type !== 'RestrictionAdded') throw new Error('There are no entries.');
      return { type, data: { entries: data.entries.map((entry) => ({ ...entry, note })) } };
    };
    await world.append(person, person.registered());
    for (let n = 0; n < 10; n++) await world.happened(person, long(n));
    const { body } = await world.get<{ items: Change[] }>(auditor, historyOf(person));
    expect(versions(body.items)).toEqual([11, 10, 9, 8, 7]);
    expect(versions(await world.walk<Change>(auditor, `${historyOf(person)}?limit=50`))).toEqual([
      11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
    ]);
  });

  it('take a period and an actor', async () => {
    const person = new Person('filtered@acme.example');
    await world.happened(person, person.registered(), person.allowed('203.0.113.0/24'));
    const found = async (query: string) => {
      const { body } = await world.get<{ items: Change[] }>(auditor, `${historyOf(person)}?${query}`);
      return versions(body.items);
    };
    const { body } = await world.get<{ items: Change[] }>(auditor, historyOf(person));
    const [last, first] = body.items.map(({ occurredAt }) => occurredAt);
    const afterLast = new Date(Date.parse(last ?? '') + 1).toISOString();
    expect(await found(`from=${first}&to=${afterLast}`)).toEqual([2, 1]);
    expect(await found(`from=${afterLast}`)).toEqual([]);
    expect(await found(`to=${first}`)).toEqual([]);
    expect(await found(`actor=${ACTOR.keyId}`)).toEqual([2, 1]);
    expect(await found(`actor=${ACTOR.name}`)).toEqual([2, 1]);
    expect(await found('actor=somebody')).toEqual([]);
  });

  it('take the name of an SMTP user, as it is and as it was', async () => {
    const [renamed, other] = [new Person('before@acme.example'), new Person('other@acme.example')];
    await world.happened(renamed, renamed.registered(), renamed.renamed('After@acme.example'));
    await world.happened(other, other.registered());
    for (const name of ['BEFORE@acme.example', 'after@acme.example']) {
      const { body } = await world.get<{ items: Change[] }>(auditor, `/v1/tenants/acme/changes?username=${name}`);
      expect(body.items.map(({ username, version }) => [username, version])).toEqual([
        ['After@acme.example', 2],
        ['before@acme.example', 1],
      ]);
    }
    const nobody = await world.get(auditor, '/v1/tenants/acme/changes?username=nobody@acme.example');
    expect(nobody).toEqual({ status: 200, body: { items: [], nextCursor: null } });
  });

  it('refuse a period that ends before it begins, and show an unreadable time', async () => {
    for (const route of ['changes', 'denials', `smtp-users/${newId()}/history`, `smtp-users/${newId()}/denied-ips`]) {
      const { status, body } = await world.get(
        auditor,
        `/v1/tenants/acme/${route}?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z`,
      );
      expect([status, body]).toMatchObject([
        422,
        {
          errors: [
            {
              pointer: '?to',
              code: 'validation-failed',
              detail: '`to` is before `from`. Give a later `to`, or exchange the two.',
            },
          ],
        },
      ]);
      const { body: wrong } = await world.get(auditor, `/v1/tenants/acme/${route}?from=31.12.2026`);
      expect(wrong).toMatchObject({ errors: [{ detail: expect.stringContaining('This came: "31.12.2026".') }] });
    }
  });

  it('are CSV with a sentence and plain columns, with a byte order mark on request', async () => {
    const person = new Person('csv@acme.example');
    await world.happened(person, person.registered(), person.allowed('203.0.113.0/24', '192.0.2.1'));
    const url = `${await world.listen()}${historyOf(person)}?bom=true`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${auditor}`, accept: 'text/csv' } });
    const text = Buffer.from(await response.arrayBuffer()).toString();
    const [head, ...rows] = text.trimEnd().split('\r\n');
    expect(head).toBe(
      '\uFEFFoccurredAt,username,sentence,actor.name,actor.role,actor.keyId,actor.sessionId,requestId,type,version,smtpUserId,eventId',
    );
    expect(rows.map((row) => row.slice(row.indexOf(',') + 1, row.lastIndexOf(',')))).toEqual([
      `csv@acme.example,"Allowed 203.0.113.0/24, 192.0.2.1.",ci,admin,${ACTOR.keyId},,request-1,RestrictionAdded,2,${person.smtpUserId}`,
      `csv@acme.example,User added: csv@acme.example.,ci,admin,${ACTOR.keyId},,request-1,SmtpUserRegistered,1,${person.smtpUserId}`,
    ]);
  });

  it('name the session of a browser, where one used the key', async () => {
    const actor = { ...ACTOR, sessionId: newId<SessionId>() };
    const person = new Person('browser@acme.example', undefined, { ...METADATA, actor });
    await world.happened(person, person.registered());
    const { body } = await world.get<{ items: Change[] }>(auditor, historyOf(person));
    expect(body.items.map((change) => change.actor)).toEqual([actor]);
    const csv = await world.app.inject({
      url: historyOf(person),
      headers: { authorization: `Bearer ${auditor}`, accept: 'text/csv' },
    });
    expect(csv.payload).toContain(`,ci,admin,${ACTOR.keyId},${actor.sessionId},request-1,SmtpUserRegistered,`);
  });

  it('refuse a cursor of another list', async () => {
    const { status, body } = await world.get(auditor, '/v1/tenants/acme/changes?cursor=WyJ4Il0');
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ pointer: '?cursor' }] });
  });

  it('answer 404 for an SMTP user that there never was', async () => {
    for (const route of ['history', 'denied-ips']) {
      const { status, body } = await world.get(auditor, `/v1/tenants/acme/smtp-users/${newId()}/${route}`);
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'smtp-user-not-found' });
    }
  });
});
