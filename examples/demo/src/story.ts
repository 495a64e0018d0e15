import { setTimeout as sleep } from 'node:timers/promises';
import { smtpLogin, type SmtpOptions } from '@postern/testing';
import { ask, type Answer } from './api.js';
import { until, type Transcript } from './transcript.js';

export const USERNAME = 'app@acme.example';
export const PASSWORD = 'correct horse battery staple';

/** The Postern and the relay that the demo uses. */
export interface Stage {
  readonly posternUrl: string;
  /** A key of the role admin for the tenant below. */
  readonly adminKey: string;
  readonly tenant: string;
  readonly smtpUserId: string;
  /** Where the relay serves SMTP. */
  readonly smtp: SmtpOptions;
  /** The reply to the right password from a denied address. */
  readonly notAuthorized: RegExp;
  /** Whether the relay counts a repeated denial in one record. */
  readonly folds: boolean;
  /** The revision that the relay has applied. */
  readonly relayRevision: () => number | Promise<number>;
  end(): Promise<void>;
}

const YES = /^235 /;
const WRONG_PASSWORD = /^535 5\.7\.8 /;
const HERE = '127.0.0.1';
const THERE = '127.0.0.2';
/** Lifetime of the entry in step 5. */
const LIFETIME_MS = 2_000;

/** From a restriction to a 535 and back, over the public HTTP API and a real SMTP relay. */
export async function tellStory(stage: Stage, transcript: Transcript): Promise<void> {
  const restriction = `/v1/tenants/${stage.tenant}/smtp-users/${stage.smtpUserId}/restriction`;
  const api = (method: string, path: string, body?: unknown) =>
    ask(stage.posternUrl, stage.adminKey, method, path, body);
  const login = (from: string, password = PASSWORD) => smtpLogin({ ...stage.smtp, from, username: USERNAME, password });
  /** The relay gets a change within milliseconds. The demo waits for it. */
  const settles = (from: string, reply: RegExp) =>
    until(
      () => login(from),
      (came) => reply.test(came),
    );
  const denials = async () =>
    (await api('GET', `/v1/tenants/${stage.tenant}/smtp-users/${stage.smtpUserId}/denials?limit=500`)).body.items;

  transcript.title('1. No restriction: the right password is enough, from anywhere.');
  transcript.step(`login from ${HERE}`, await login(HERE), YES);
  transcript.step(`login from ${THERE}`, await login(THERE), YES);

  transcript.title(`2. Allow ${HERE} only.`);
  await api('POST', `${restriction}/entries`, { entries: [{ range: HERE, note: 'office' }] });
  transcript.step(`login from ${THERE}`, (await settles(THERE, stage.notAuthorized)).answer, stage.notAuthorized);
  transcript.step(`login from ${HERE}`, await login(HERE), YES);

  transcript.title(`3. Allow ${THERE} too.`);
  const revision = await stage.relayRevision();
  const added: Answer = await api('POST', `${restriction}/entries`, { entries: [{ range: THERE, note: 'branch' }] });
  const applied = await until(
    async () => stage.relayRevision(),
    (now) => now > revision,
  );
  transcript.step(`login from ${THERE}`, await login(THERE), YES);
  transcript.line(`time from the ${added.status} until the relay has the change`, `${applied.ms.toFixed(1)} ms`);

  transcript.title('4. A wrong password from a denied address gets the usual reply, and is not recorded as a denial.');
  const branch = added.body.entries.find((entry: { range: string }) => entry.range === THERE);
  await api('DELETE', `${restriction}/entries/${branch.id}`);
  await settles(THERE, stage.notAuthorized);
  const before = await until(denials, (items) => items.length >= (stage.folds ? 1 : 2));
  transcript.step(`wrong password from ${THERE}`, await login(THERE, 'not the password'), WRONG_PASSWORD);
  await sleep(500);
  const more = (await denials()).length - before.answer.length;
  transcript.step('denials recorded by that', String(more), /^0$/);

  transcript.title('5. When the last entry expires, every login is denied. The user does not become unrestricted.');
  const expiresAt = new Date(Date.now() + LIFETIME_MS).toISOString();
  await api('PUT', restriction, { entries: [{ range: THERE, note: 'two seconds', expiresAt }] });
  transcript.step(`login from ${THERE}, entry alive`, (await settles(THERE, YES)).answer, YES);
  await sleep(Date.parse(expiresAt) - Date.now() + 50);
  transcript.step(`login from ${THERE}, entry expired`, await login(THERE), stage.notAuthorized);
  transcript.step(`login from ${HERE}, no entry is live`, await login(HERE), stage.notAuthorized);

  transcript.title('6. Report-only: the login succeeds, and Postern records that it would be refused.');
  await api('PUT', `${restriction}/mode`, { mode: 'report-only' });
  transcript.step(`login from ${THERE}`, (await settles(THERE, YES)).answer, YES);
  const wouldBe = await until(denials, (items) => items.some((item: { refused: boolean }) => !item.refused));
  const record = wouldBe.answer.find((item: { refused: boolean }) => !item.refused);
  transcript.step(
    'recorded',
    record ? `${record.ip} ${record.reason}, refused: ${record.refused}` : 'nothing',
    /refused: false$/,
  );

  transcript.title('7. Clear the restriction: from anywhere again.');
  await api('PUT', `${restriction}/mode`, { mode: 'enforce' });
  await settles(THERE, stage.notAuthorized);
  await api('DELETE', restriction);
  transcript.step(`login from ${THERE}`, (await settles(THERE, YES)).answer, YES);
  transcript.step(`login from ${HERE}`, await login(HERE), YES);

  await tellTrail(stage, api, transcript);
}

/** What an auditor sees afterwards. The user is restricted again, because only addresses that are still denied get suggestions. */
async function tellTrail(
  stage: Stage,
  api: (method: string, path: string, body?: unknown) => Promise<Answer>,
  transcript: Transcript,
): Promise<void> {
  const user = `/v1/tenants/${stage.tenant}/smtp-users/${stage.smtpUserId}`;
  await api('POST', `${user}/restriction/entries`, { entries: [{ range: '198.51.100.0/24', note: 'the new office' }] });

  transcript.title('8. The denied IPs of the user, with suggested entries.');
  const suggested = await until(
    async () => (await api('GET', `${user}/denied-ips`)).body.items,
    (items) => items.length > 0 && items.every((item: { stillDenied: boolean }) => item.stillDenied),
  );
  for (const item of suggested.answer) {
    const ranges = item.suggestedEntries.map((entry: { range: string }) => entry.range).join(', ');
    transcript.step(
      `${item.ip}: ${item.count} times, by ${item.relays.join(', ')}`,
      `suggested: ${ranges}`,
      /suggested: 127/,
    );
  }
  transcript.step(
    'denied addresses',
    suggested.answer
      .map((item: { ip: string }) => item.ip)
      .toSorted()
      .join(' '),
    /^127\.0\.0\.1 127\.0\.0\.2$/,
  );

  transcript.title('9. Who changed what.');
  const history = await until(
    async () => (await api('GET', `${user}/history`)).body.items,
    (items) => items[0]?.type === 'RestrictionAdded',
  );
  for (const item of history.answer.toReversed()) {
    transcript.line(
      `${item.occurredAt} ${item.type}`,
      `version ${item.version}, by ${item.actor.name} (${item.actor.role})`,
    );
  }
  transcript.step('recorded changes', String(history.answer.length), /^1\d$/);
}
