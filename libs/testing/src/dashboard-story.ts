import { newId } from '@postern/contracts';
import { createAcme, type Acme } from './acme.js';
import { asking, type Ask } from './asking.js';
import { until } from './until.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
const ahead = (ms: number): string => ago(-ms);

interface Entry {
  readonly range: string;
  readonly note?: string;
  readonly expiresAt?: string;
}

/** What the pictures show: an SMTP user in each state, with what is odd about real names and notes, and a week of denials. */
export interface Story extends Acme {
  /** By the username. */
  readonly userIds: ReadonlyMap<string, string>;
  readonly auditorKey: string;
  /** Denied logins of this moment: they count as *now* for five minutes. */
  denyNow(): Promise<void>;
}

export const APP = 'app@acme.example';
export const MANY = 'transactional-fleet@acme.example';
export const LONG = `${'a-very-long-name-of-a-mail-account.'.repeat(7).slice(0, 241)}@acme.example`;
export const OPEN = 'newsletter@acme.example';
export const EXPIRED = 'old-batch@acme.example';
export const REPORT_ONLY = 'app-eu-west@acme.example';
export const WORLD = 'international@acme.example';

/** Creates it in an empty Postern. */
export async function tellStory(url: string, operatorKey: string): Promise<Story> {
  const acme = await createAcme(url, operatorKey);
  const { operator, relay } = acme;
  const issue = async (role: string, name: string): Promise<string> =>
    (await expecting(201, operator('POST', '/v1/tenants/acme/api-keys', { role, name }))).key;
  const [ci, ada, auditorKey] = [
    await issue('admin', 'ci'),
    await issue('admin', 'Ada Lovelace'),
    await issue('auditor', 'support desk'),
  ];
  const [byCi, byAda] = [asking(url, ci), asking(url, ada)];
  for (const [id, name] of [
    ['globex', 'Globex Corporation'],
    ['initech', 'Initech'],
    ['muellerei', 'Müllerei Öttinger GmbH & Co. KG'],
  ])
    await expecting(201, operator('POST', '/v1/tenants', { id, name }));

  const userIds = new Map<string, string>();
  const add = async (username: string, entries: readonly Entry[] = [], by: Ask = byCi): Promise<string> => {
    const { id } = await expecting(201, by('POST', '/v1/tenants/acme/smtp-users', { username }));
    userIds.set(username, id);
    if (entries.length > 0)
      await expecting(201, by('POST', `/v1/tenants/acme/smtp-users/${id}/restriction/entries`, { entries }));
    return id;
  };
  const reportOnly = (id: string) =>
    expecting(200, byAda('PUT', `/v1/tenants/acme/smtp-users/${id}/restriction/mode`, { mode: 'report-only' }));

  for (let i = 60; i > 0; i--) {
    const name = `${NAMES[i % NAMES.length]}-${String(i).padStart(2, '0')}@acme.example`;
    const id = await add(
      name,
      i % 3 === 0
        ? []
        : [{ range: `198.18.${i}.0/24`, note: 'office' }, { range: `2001:db8:${i}::/48` }].slice(0, 1 + (i % 2)),
    );
    if (i % 7 === 1) await reportOnly(id);
  }
  await add(
    MANY,
    Array.from({ length: 1_000 }, (_, i) => ({ range: `198.19.${i >> 8}.${i & 255}`, note: `node ${i + 1}` })),
  );
  await add(LONG, [
    { range: '192.0.2.128/25', note: 'A note that is as long as a note may be. '.repeat(12).slice(0, 200) },
  ]);
  await add(WORLD, [
    { range: '192.0.2.16/28', note: 'Büro München, Gebäude „Süd“' },
    { range: '198.18.200.0/24', note: '東京オフィス（本社）' },
    { range: '2001:db8:cafe::/48', note: 'مكتب دبي 3' },
    { range: '198.18.201.7', note: 'משרד תל אביב' },
  ]);
  await add(EXPIRED, [{ range: '198.18.99.0/28', note: 'migration', expiresAt: ahead(3_000) }]);
  await reportOnly(
    await add(REPORT_ONLY, [
      { range: '198.18.77.0/24', note: 'Frankfurt' },
      { range: '198.18.78.0/24', note: 'Dublin' },
    ]),
  );
  await add(OPEN);
  await add('mailserver-prod', [{ range: '203.0.113.200', note: 'until the move', expiresAt: ahead(3 * DAY) }], byAda);
  const app = await add(APP, [{ range: '203.0.113.0/24', note: 'office' }]);
  const path = `/v1/tenants/acme/smtp-users/${app}/restriction/entries`;
  await expecting(201, byCi('POST', path, { entries: [{ range: '2001:db8::/64', note: 'office, IPv6' }] }));
  await expecting(
    201,
    byAda('POST', path, { entries: [{ range: '192.0.2.42', note: 'contractor', expiresAt: ahead(3 * DAY) }] }),
  );
  const mistaken = (await expecting(
    201,
    byAda('POST', path, { entries: [{ range: '198.51.0.0/16', note: 'all of the data centre' }] }),
  )) as {
    entries: { id: string; range: string }[];
  };
  const wide = mistaken.entries.find(({ range }) => range === '198.51.0.0/16')?.id;
  await expecting(200, byCi('DELETE', `${path}/${wide}`));

  const denied = (
    username: string,
    ip: string,
    at: number,
    count = 1,
    mode = 'enforce',
    reason = 'ip-not-authorized',
    relayName = 'mx1',
  ) => ({
    id: newId(),
    username,
    smtpUserId: userIds.get(username),
    ip,
    occurredAt: ago(at),
    relay: relayName,
    reason,
    mode,
    count,
  });
  const send = async (denials: readonly ReturnType<typeof denied>[]) => {
    const { accepted } = await expecting(200, relay('POST', '/v1/relay/auth-denials', { denials }));
    if (accepted !== denials.length) throw new Error(`Of ${denials.length} denials ${accepted} were taken.`);
  };
  await send(
    Array.from({ length: 400 }, (_, i) => {
      // A working day has more of them than a night.
      const hour = (i * 7919) % (7 * 24);
      const busy = new Date(Date.now() - hour * HOUR).getHours() % 24;
      const username = [APP, 'mailserver-prod', REPORT_ONLY, WORLD][i % 4] ?? APP;
      const mode = username === REPORT_ONLY ? 'report-only' : 'enforce';
      const ip = `198.51.100.${20 + (i % 9)}`;
      return denied(
        username,
        ip,
        2 * DAY + hour * HOUR + (i % 60) * MINUTE,
        busy > 7 && busy < 19 ? 3 : 1,
        mode,
        'ip-not-authorized',
        `mx${1 + (i % 3)}`,
      );
    }),
  );
  await send(
    [1, 2, 4, 5].map((hours) =>
      denied(REPORT_ONLY, '198.18.80.4', hours * HOUR, 1, 'report-only', 'ip-not-authorized', 'mx2'),
    ),
  );
  await send([
    denied(APP, '2001:db8:1::9', 26 * HOUR, 4),
    denied(APP, '198.51.100.9', 3 * HOUR, 5),
    denied(APP, '198.51.100.23', 5 * HOUR, 2, 'enforce', 'ip-not-authorized', 'mx2'),
    denied(WORLD, '203.0.113.77', 28 * HOUR, 2),
  ]);
  const logins = [APP, OPEN].flatMap((username) =>
    Array.from({ length: 20 }, (_, i) => ({
      smtpUserId: userIds.get(username),
      ip: ['203.0.113.9', '203.0.113.10', '2001:db8::25', '203.0.113.77'][i % 4],
      hour: ago(HOUR + i * 33 * HOUR),
      count: 3 + ((i * 7) % 11),
      entryId: null,
      relay: `mx${1 + (i % 2)}`,
    })).concat({
      smtpUserId: userIds.get(username),
      ip: '192.0.2.200',
      hour: ago(30 * HOUR),
      count: 1,
      entryId: null,
      relay: 'mx1',
    }),
  );
  await until(async () => {
    const { accepted } = await expecting(200, relay('POST', '/v1/relay/logins', { batchId: newId(), logins }));
    return accepted === logins.length;
  }, 'the audit trail knows the users that logged in');
  await until(async () => {
    const { body } = await byCi('GET', `/v1/tenants/acme/smtp-users/${userIds.get(EXPIRED)}/restriction`);
    return body.entries.every(({ live }: { live: boolean }) => !live);
  }, 'the entry has expired');

  return {
    ...acme,
    userIds,
    auditorKey,
    denyNow: () =>
      send([
        denied(APP, '198.51.100.7', 2 * MINUTE, 3),
        denied(APP, '198.51.100.7', MINUTE, 9),
        denied(EXPIRED, '198.18.99.3', MINUTE, 40, 'enforce', 'no-live-entry', 'mx2'),
      ]),
  };
}

const NAMES = ['billing', 'crm', 'shop', 'alerts', 'monitoring', 'hr', 'print-server', 'backup', 'erp', 'support'];

async function expecting(status: number, pending: ReturnType<Ask>) {
  const answer = await pending;
  if (answer.status !== status) throw new Error(`${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
