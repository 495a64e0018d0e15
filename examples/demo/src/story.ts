import { setTimeout as sleep } from 'node:timers/promises';
import { smtpLogin } from '@postern/testing';
import { PASSWORD, USERNAME, type Stage } from './stages.js';
import { line, step, title, until } from './transcript.js';

const YES = /^235 /;
const WRONG_PASSWORD = /^535 5\.7\.8 /;
const HERE = '127.0.0.1';
const THERE = '127.0.0.2';
/** Lifetime of the entry in step 5. */
const LIFETIME_MS = 2_000;

/** From a restriction to a 535 and back, and what an auditor sees afterwards: over the public HTTP API and a real SMTP relay. */
export async function tellStory({ admin, smtpUserId, smtp, notAuthorized, relayRevision }: Stage): Promise<void> {
  /** Calls the API below the SMTP user. No step expects another status than 2xx. */
  const api = async (method: string, path: string, body?: unknown) => {
    // Nobody else changes this SMTP user, so no other change can be overwritten.
    const overwrite = method === 'PUT' ? { 'if-match': '*' } : undefined;
    const answer = await admin(method, `/v1/tenants/acme/smtp-users/${smtpUserId}${path}`, body, overwrite);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const items = async (list: string) => (await api('GET', `/${list}`)).items;
  const login = (from: string, password = PASSWORD) => smtpLogin({ ...smtp, from, username: USERNAME, password });
  /** The relay gets a change within milliseconds. The demo waits for it. */
  const settles = (from: string, reply: RegExp) =>
    until(
      () => login(from),
      (came) => reply.test(came),
    );

  title('1. No restriction: the right password is enough, from anywhere.');
  step(`login from ${HERE}`, await login(HERE), YES);
  step(`login from ${THERE}`, await login(THERE), YES);

  title(`2. Allow ${HERE} only.`);
  await api('POST', '/restriction/entries', { entries: [{ range: HERE, note: 'office' }] });
  step(`login from ${THERE}`, await settles(THERE, notAuthorized), notAuthorized);
  step(`login from ${HERE}`, await login(HERE), YES);

  title(`3. Allow ${THERE} too.`);
  const revision = await relayRevision();
  const added = await api('POST', '/restriction/entries', { entries: [{ range: THERE, note: 'branch' }] });
  const answered = performance.now();
  await until(relayRevision, (now) => now > revision);
  const delay = performance.now() - answered;
  step(`login from ${THERE}`, await login(THERE), YES);
  line('time from the answer until the relay has the change', `${delay.toFixed(1)} ms`);

  title('4. A wrong password from a denied address gets the usual reply, and is not recorded as a denial.');
  const branch = added.entries.find((entry: { range: string }) => entry.range === THERE);
  await api('DELETE', `/restriction/entries/${branch.id}`);
  await settles(THERE, notAuthorized);
  const before = await until(
    () => items('denials'),
    (denials) => denials.length > 0,
  );
  step(`wrong password from ${THERE}`, await login(THERE, 'not the password'), WRONG_PASSWORD);
  await sleep(500);
  step('denials recorded by that', String((await items('denials')).length - before.length), /^0$/);

  title('5. When the last entry expires, every login is denied. The user does not become unrestricted.');
  const expiresAt = new Date(Date.now() + LIFETIME_MS).toISOString();
  await api('PUT', '/restriction', { entries: [{ range: THERE, note: 'two seconds', expiresAt }] });
  step(`login from ${THERE}, entry alive`, await settles(THERE, YES), YES);
  await sleep(Date.parse(expiresAt) - Date.now() + 50);
  step(`login from ${THERE}, entry expired`, await login(THERE), notAuthorized);
  step(`login from ${HERE}, no entry is live`, await login(HERE), notAuthorized);

  title('6. Report-only: the login succeeds, and Postern records that it would be refused.');
  await api('PUT', '/restriction/mode', { mode: 'report-only' });
  step(`login from ${THERE}`, await settles(THERE, YES), YES);
  const [record] = await until(
    () => items('denials?refused=false'),
    (denials) => denials.length > 0,
  );
  step('recorded', record ? `${record.ip} ${record.reason}, refused: ${record.refused}` : 'nothing', /refused: false$/);

  title('7. Clear the restriction: from anywhere again.');
  await api('PUT', '/restriction/mode', { mode: 'enforce' });
  await settles(THERE, notAuthorized);
  await api('DELETE', '/restriction');
  step(`login from ${THERE}`, await settles(THERE, YES), YES);
  step(`login from ${HERE}`, await login(HERE), YES);

  title('8. The denied IPs of the user, with suggested entries.');
  // Only addresses that are still denied get suggestions.
  await api('POST', '/restriction/entries', { entries: [{ range: '198.51.100.0/24', note: 'the new office' }] });
  const denied = await until(
    () => items('denied-ips'),
    (ips) => ips.length > 0 && ips.every((item: { stillDenied: boolean }) => item.stillDenied),
  );
  for (const item of denied) {
    const ranges = item.suggestedEntries.map((entry: { range: string }) => entry.range).join(', ');
    step(`${item.ip}: denied by ${item.relays.join(', ')}`, `suggested: ${ranges}`, /suggested: 127/);
  }
  const ips: string[] = denied.map((item: { ip: string }) => item.ip);
  step('denied addresses', ips.toSorted().join(' '), /^127\.0\.0\.1 127\.0\.0\.2$/);

  title('9. Who changed what.');
  const history = await until(
    () => items('history'),
    ([newest]) => newest?.type === 'RestrictionAdded',
  );
  for (const item of history.toReversed()) {
    line(`${item.occurredAt} ${item.type}`, `version ${item.version}, by ${item.actor.name} (${item.actor.role})`);
  }
  step('recorded changes', String(history.length), /^1\d$/);
}
