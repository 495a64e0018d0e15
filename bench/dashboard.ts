import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { newId } from '@postern/contracts';
import { asking, startPosternProcess, TestBrowser, type Ask } from '@postern/testing';
import { adminOf, DATA_TENANT, journalData, USERS } from './parts/journal-data.js';
import { quantile, rounded } from './parts/quantile.js';

const LIMIT_KB = 300;
const LIMIT_MS = 1_000;
const VISITS = 7;
const DENIALS = 5_000;
const BATCH = 1_000;

/** What a first visit loads, and when each page can be used, measured in the browser, with 100,000 SMTP users in the tenant. */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const data = await journalData();
  const postern = await startPosternProcess({ POSTERN_DATA_DIR: data.dataDir });
  const browser = await TestBrowser.start();
  try {
    const operatorKey = (await readFile(join(data.dataDir, 'operator-key'), 'utf8')).trim();
    const { ask, key } = await adminOf(postern.url, data);
    const user = await deniedUser(ask, asking(postern.url, operatorKey), postern.url);
    const users = `/t/${DATA_TENANT}/smtp-users`;
    const pages = {
      smtpUsers: [key, users],
      search: [key, `${users}?query=user7777`],
      smtpUser: [key, `${users}/${user}`],
      denied: [key, `${users}/${user}?tab=denied`],
      history: [key, `${users}/${data.busyUser}?tab=history`],
      denials: [key, `/t/${DATA_TENANT}/denials`],
      changes: [key, `/t/${DATA_TENANT}/changes`],
      apiKeys: [key, `/t/${DATA_TENANT}/api-keys`],
      reply: [key, `/t/${DATA_TENANT}/reply`],
      tenants: [operatorKey, '/operator/tenants'],
      relays: [operatorKey, '/operator/relays'],
      system: [operatorKey, '/operator/system'],
      operatorKeys: [operatorKey, '/operator/api-keys'],
      help: [undefined, '/help/ip-not-authorized'],
      signIn: [undefined, '/sign-in'],
    } as const;

    const firstVisit = await measured(browser, postern.url, users, key, 1);
    const usable: [name: string, ms: number][] = [];
    for (const [name, [as, path]] of Object.entries(pages)) {
      const { times } = await measured(browser, postern.url, path, as, VISITS);
      // Without the first one, which fills the browser's cache.
      usable.push([`${name}Ms`, rounded(quantile(times.slice(1), 0.5), 0)]);
      console.log(`${path.slice(0, 60)}: usable after ${usable.at(-1)?.[1]} ms`);
    }
    const worstMs = Math.max(...usable.map(([, ms]) => ms));
    const figures = {
      cores: availableParallelism(),
      users: USERS,
      firstLoadKb: firstVisit.kb,
      firstVisitMs: rounded(firstVisit.times[0] ?? Number.NaN, 0),
      ...Object.fromEntries(usable),
      worstMs,
    };
    console.log(
      `The first visit loads ${figures.firstLoadKb} kB compressed, and can be used after ${figures.firstVisitMs} ms`,
    );
    return {
      bench: 'dashboard',
      figures,
      ratios: { firstLoadToLimit: rounded(figures.firstLoadKb / LIMIT_KB), worstToLimit: rounded(worstMs / LIMIT_MS) },
    };
  } finally {
    await browser.end();
    await postern.end('SIGTERM');
  }
}

/** A page visited some times in a row by a browser that was never here: what the first visit loads, and when each can be used. */
async function measured(browser: TestBrowser, url: string, path: string, key: string | undefined, visits: number) {
  const visit = await browser.visit(url, key === undefined ? {} : { key });
  const times: number[] = [];
  let kb = 0;
  try {
    for (let i = 0; i < visits; i++) {
      await visit.page.goto(path, { waitUntil: 'commit' });
      // Asked in each frame: the heading is there, and no skeleton.
      const usable = await visit.page.waitForFunction(USABLE_AT, null, { polling: 'raf' });
      times.push(await usable.jsonValue());
      await visit.page.waitForLoadState('load');
      if (i === 0) kb = (await visit.page.evaluate<number>(BYTES_LOADED)) / 1_000;
    }
    if (visit.complaints.length > 0) throw new Error(`${path}: ${visit.complaints.join('\n')}`);
  } finally {
    await visit.end();
  }
  return { times, kb: rounded(kb, 0) };
}

/** A function, which the page may run in spite of its policy; the types of a page are not known here. */
// oxlint-disable-next-line no-new-func
const USABLE_AT = new Function(`
  return document.querySelector('h1') && !document.querySelector('.mantine-Skeleton-root, [aria-busy=true]') && performance.now();
`) as () => number;

/** Of the page and its files; what the API answered is not compressed, and no part of it. */
const BYTES_LOADED = `
  [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(({ name }) => !new URL(name).pathname.startsWith('/v1/'))
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`;

/** An SMTP user of the data set's tenant with denials of the last day; made once. The others' names are not known to relays. */
async function deniedUser(admin: Ask, operator: Ask, url: string): Promise<string> {
  const username = 'denied@bench.example';
  const users = `/v1/tenants/${DATA_TENANT}/smtp-users`;
  const known = (await admin('GET', `${users}?query=${username}`)).body.items[0];
  if (known) return known.id;
  const user = (await admin('POST', users, { username })).body;
  await admin('POST', `${users}/${user}/restriction/entries`, { entries: [{ range: '203.0.113.0/24' }] });
  const { key } = (await operator('POST', '/v1/api-keys', { role: 'relay', name: 'bench' })).body;
  for (let from = 0; from < DENIALS; from += BATCH) {
    const denials = Array.from({ length: BATCH }, (_, i) => ({
      id: newId(),
      username,
      smtpUserId: user.id,
      ip: `198.51.100.${i & 255}`,
      occurredAt: new Date(Date.now() - (from + i) * 17_000).toISOString(),
      relay: `mx${i % 4}`,
      reason: 'ip-not-authorized',
      mode: 'enforce',
      count: 1 + (i % 3),
    }));
    const { body } = await asking(url, key)('POST', '/v1/relay/auth-denials', { denials });
    if (body.accepted !== BATCH) throw new Error(`${BATCH} denials were sent, and ${body.accepted} taken.`);
  }
  return user.id;
}
