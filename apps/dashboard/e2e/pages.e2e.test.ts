import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  dashboardStory,
  describeWithChromium,
  startPosternProcess,
  TestBrowser,
  until,
  type PosternProcess,
  type Visit,
} from '@postern/testing';

const { APP, EXPIRED, LONG, MANY, OPEN, WORLD, tellStory } = dashboardStory;
const PAGES: readonly (readonly [path: string, heading: string | RegExp])[] = [
  ['/t/acme/smtp-users', 'SMTP users'],
  ['/t/acme/smtp-users?state=expired', 'SMTP users'],
  ['/t/acme/denials', 'Denials'],
  ['/t/acme/changes', 'Changes'],
  ['/t/acme/api-keys', 'API keys'],
  ['/t/acme/reply', /Reply/],
  ['/operator/tenants', 'Tenants'],
  ['/operator/relays', 'Relays'],
  ['/operator/system', 'System'],
  ['/operator/api-keys', /keys/],
  ['/help/ip-not-authorized', /IP not authorized/],
  ['/t/acme/nothing', 'There is no such page'],
];
const OF_USERS: readonly (readonly [what: string, username: string, tab: string])[] = [
  ['refused now', APP, ''],
  ['refused now, with the denied addresses', APP, '?tab=denied'],
  ['refused now, with the addresses that logged in', APP, '?tab=sources'],
  ['refused now, with the history', APP, '?tab=history'],
  ['open to any source', OPEN, ''],
  ['refused everywhere: all entries expired', EXPIRED, ''],
  ['of 1,000 entries', MANY, ''],
  ['of 254 characters', LONG, ''],
  ['noted in Japanese, Arabic and Hebrew', WORLD, ''],
];

/** Of a line of prose, on the widest screen. */
const MOST_CHARACTERS = 105;

describeWithChromium(describe, 'every page of the dashboard', () => {
  let folder: string;
  let postern: PosternProcess;
  let browser: TestBrowser;
  let story: dashboardStory.Story;
  let operator: Visit;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-pages-'));
    [postern, browser] = await Promise.all([startPosternProcess({ POSTERN_DATA_DIR: folder }), TestBrowser.start()]);
    story = await tellStory(postern.url, postern.operatorKey ?? '');
    await story.denyNow();
    operator = await browser.visit(postern.url, { key: postern.operatorKey ?? '' });
  });
  afterAll(async () => {
    await browser?.end();
    await postern?.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  /** What no page may do: break its policy, ask another host, throw, scroll sideways on a phone or in 4K, keep somebody out. */
  async function judge(path: string, heading: string | RegExp): Promise<void> {
    const { page, complaints } = operator;
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(path);
    await page.getByRole('heading', { name: heading }).first().waitFor();
    await operator.loaded();
    const findings = await operator.accessibilityFindings();
    await page.emulateMedia({ colorScheme: 'dark' });
    const findingsInDark = await operator.accessibilityFindings(['color-contrast']);
    await page.setViewportSize({ width: 360, height: 740 });
    const overflow = await operator.overflow();
    await page.setViewportSize({ width: 3840, height: 2160 });
    const overflowIn4K = await operator.overflow();
    const line = await operator.longestLine();
    expect({ findings, findingsInDark, overflow, overflowIn4K, complaints: complaints.splice(0) }).toEqual({
      findings: [],
      findingsInDark: [],
      overflow: 0,
      overflowIn4K: 0,
      complaints: [],
    });
    expect([line, line.characters < MOST_CHARACTERS]).toEqual([line, true]);
  }

  it.each(PAGES)(
    '%s keeps its policy, asks no other host, can be read and used by everybody, light and dark, and fits a phone and a screen of 4K',
    judge,
  );

  it.each(OF_USERS)('so does the page of the SMTP user that is %s', (_, username, tab) =>
    judge(`/t/acme/smtp-users/${story.userIds.get(username)}${tab}`, username),
  );

  it('menus of an SMTP user can be read in the dark', async () => {
    const admin = await browser.visit(postern.url, { key: story.adminKey, colorScheme: 'dark' });
    const { page } = admin;
    await page.goto(`/t/acme/smtp-users/${story.userIds.get(APP)}`);
    for (const name of [/^Mode/, /^Other ways to allow/, 'Rename or remove this SMTP user']) {
      const menu = page.getByRole('button', { name }).first();
      await menu.click();
      await page.getByRole('menu').getByRole('menuitem').first().or(page.getByRole('menuitemradio').first()).waitFor();
      expect([name, await admin.accessibilityFindings(['color-contrast'])]).toEqual([name, []]);
      await page.keyboard.press('Escape');
      await page.getByRole('menu').waitFor({ state: 'detached' });
    }
    await admin.end();
  });

  it('a path below a tenant that is no page keeps the navigation', async () => {
    const { page } = operator;
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto('/t/acme/nothing');
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    expect(await page.getByRole('navigation', { name: 'Pages' }).isVisible()).toBe(true);
  });

  it('a page that breaks its policy, or asks another host, would be noticed', async () => {
    const { page, complaints } = operator;
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<p style="color: red">x</p><img src="https://192.0.2.1/x.png">')`,
    );
    const signs = [
      /^a request to another host: https:..192/,
      /style-src.* has been blocked/,
      /img-src.* has been blocked/,
    ];
    const noticed = () => signs.map((sign) => complaints.some((complaint) => sign.test(complaint)));
    await until(noticed, 'all of it is noticed', (each) => each.every(Boolean));
    expect(noticed()).toEqual([true, true, true]);
    complaints.splice(0);
  });
});
