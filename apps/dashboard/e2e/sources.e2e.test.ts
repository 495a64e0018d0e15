import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { describeWithChromium, smtpLogin, until } from '@postern/testing';
import type { Locator, Page } from 'playwright-core';
import { DashboardWorld, PASSWORD } from './testing/dashboard-world.js';

const USERNAME = 'places@acme.example';
const [OFFICE, HOME, CAFE] = ['203.0.113.9', '2001:db8:7::5', '198.51.100.7'];
/** For a dialog to be filled in and sent, on a machine that does much else. */
const FILLING_IN_MS = 20_000;
const PREVIEW = /\/restriction\/preview$/;
const WRITE = /\/restriction$/;
const SCREENS = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];

describeWithChromium(describe, 'an SMTP user that logs in from three places', () => {
  let world: DashboardWorld;
  beforeAll(async () => (world = await DashboardWorld.start()));
  afterAll(() => world?.end());

  it('gets a list of two; preview and guard name the third; report only ends at its instant, by itself', async () => {
    const { path, api } = await world.userWith(USERNAME);
    const relay = await world.startRelay(USERNAME);
    const login = (proxiedFor: string) =>
      smtpLogin({ port: relay.port, proxiedFor, username: USERNAME, password: PASSWORD });
    try {
      await until(
        () => login(CAFE),
        'the relay knows the user',
        (reply) => reply.startsWith('235'),
      );
      for (const place of [OFFICE, HOME]) for (let i = 0; i < 10; i++) expect(await login(place)).toMatch(/^235 /);
      await until(
        () => world.acme.admin('GET', `${api}/sources`),
        'all logins are known',
        ({ body }) => body.items?.reduce((sum: number, { logins }: { logins: number }) => sum + logins, 0) === 21,
      );
      const { page } = await world.visit(world.acme.adminKey);
      await page.goto(path);
      await page.getByRole('button', { name: 'Suggest a list' }).click();
      const dialog = page.getByRole('dialog', { name: 'Add addresses' });
      const typed = await dialog.getByLabel('Addresses and ranges').inputValue();
      expect(typed.trim().split('\n').sort()).toEqual([HOME, OFFICE]);

      const preview = dialog.getByRole('region', { name: 'The last 30 days' });
      await preview.getByText('1 from 1 address').waitFor();
      await preview.getByText(CAFE).waitFor();
      await dialog.getByRole('button', { name: 'Add 2' }).click();
      const guard = page.getByRole('dialog', { name: 'This would refuse logins that work today' });
      await guard.getByText(CAFE).waitFor();
      await guard.getByRole('button', { name: 'Change nothing' }).click();
      await guard.waitFor({ state: 'hidden' });
      expect((await world.acme.admin('GET', `${api}/restriction`)).body.restricted).toBe(false);

      await dialog.getByLabel(/^Only report at first/).check();
      await dialog.getByRole('button', { name: 'Add 2' }).click();
      await dialog.waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: 'Mode: Report only' }).click();
      await page.getByRole('menuitem', { name: /^Report only/ }).click();
      const mode = page.getByRole('dialog', { name: 'Only report' });
      await mode.getByRole('combobox', { name: 'Enforced from' }).click();
      await page.getByRole('option', { name: 'At a time …' }).click();
      const end = endOfTrial();
      await mode.getByLabel('Time', { exact: true }).fill(inBerlin(end));
      await mode.getByRole('button', { name: 'Only report' }).click();
      await page.getByText(/report only, enforced in/).waitFor();
      const { body } = await until(
        () => world.acme.admin('GET', `${api}/restriction`),
        'the read side has it',
        ({ body: read }) => read.enforceAt !== null,
      );
      expect(body).toMatchObject({ mode: 'report-only', enforceAt: new Date(end).toISOString() });
      expect(await login(CAFE)).toMatch(/^235 /);

      const refused = await until(
        () => login(CAFE),
        'the relay enforces the list',
        (reply) => reply.startsWith('535'),
      );
      expect([refused, Date.now() >= end]).toEqual(['535 5.7.1 IP not authorized', true]);
      expect(await login(OFFICE)).toMatch(/^235 /);
      expect(world.complaints).toEqual([]);
    } finally {
      await relay.close();
    }
  });

  it('is not refused from where it logs in, unless the person confirms the list of these addresses', async () => {
    const { path, api } = await world.userWith('guarded@acme.example', '203.0.113.0/24', '198.51.100.0/24');
    const login = {
      smtpUserId: api.split('/').at(-1),
      ip: CAFE,
      hour: new Date().toISOString(),
      count: 1,
      entryId: null,
      relay: 'mx1',
    };
    await until(
      () => world.acme.relay('POST', '/v1/relay/logins', { batchId: newId(), logins: [login] }),
      'the audit trail knows the user',
      ({ body }) => body.accepted === 1,
    );
    const { page } = await world.visit(world.acme.adminKey);
    await page.goto(path);
    await page.getByRole('button', { name: 'Change or remove 198.51.100.0/24' }).click();
    const entry = page.getByRole('dialog', { name: '198.51.100.0/24' });
    await entry.getByText('Of 1 login in the last 30 days, it would have refused 1 from 1 address.').waitFor();
    await entry.getByRole('button', { name: 'Remove this entry' }).click();
    const guard = page.getByRole('dialog', { name: 'This would refuse logins that work today' });
    await guard.getByText(CAFE).waitFor();
    expect(await world.rangesOf(api)).toEqual(['198.51.100.0/24', '203.0.113.0/24']);
    await guard.getByRole('button', { name: 'Refuse this address' }).click();
    expect(await world.rangesOf(api, 1)).toEqual(['203.0.113.0/24']);
    expect(world.complaints).toEqual([]);
  });

  it.each(
    SCREENS.flatMap((viewport) =>
      [0, 12].map((addresses) => ({ viewport, addresses, name: `w${viewport.width}-${addresses}@acme.example` })),
    ),
  )(
    'has dialogs whose buttons stay in place, $viewport.width px wide, $addresses refused',
    async ({ viewport, addresses, name }) => {
      const { path, api } = await world.userWith(name, '203.0.113.0/24', '203.0.113.9');
      if (addresses > 0) await logInFrom(api, addresses);
      const { page } = await world.visit(world.acme.adminKey, { viewport });
      const dialog = page.getByRole('dialog');
      const figures = dialog.getByText(/(of|in) the last 30 days/);
      const [cancel, close] = ['Cancel', 'Close'].map((name) => dialog.getByRole('button', { name, exact: true }));
      await page.goto(path);

      const openEntry = page.getByRole('button', { name: 'Change or remove 203.0.113.9' });
      const saveEntry = dialog.getByRole('button', { name: 'Save' });
      const remove = dialog.getByRole('button', { name: 'Remove this entry' });
      await staysWhere(page, [saveEntry, cancel, remove], PREVIEW, [figures], () => openEntry.click());
      await cancel?.click();

      await page.getByRole('button', { name: 'Mode: Enforced' }).click();
      const onlyReport = dialog.getByRole('button', { name: 'Only report' });
      const toReportOnly = page.getByRole('menuitem', { name: /^Report only/ });
      await staysWhere(page, [onlyReport, cancel], PREVIEW, [figures], () => toReportOnly.click());
      await cancel?.click();

      await page.getByRole('button', { name: 'Edit as text' }).click();
      const lines = dialog.getByLabel('The list, one entry per line');
      const save = dialog.getByRole('button', { name: 'Save 1 change' });
      await staysWhere(page, [save, close, lines], PREVIEW, [figures], () => lines.fill('203.0.113.0/24'));

      await page.route(WRITE, (route) => route.abort());
      const failed = dialog.getByText('Postern does not answer');
      await staysWhere(page, [save, close, lines], WRITE, [failed], () => save.click());
      await page.unroute(WRITE);

      const entries = [{ range: '203.0.113.10' }];
      expect((await world.acme.admin('POST', `${api}/restriction/entries`, { entries })).status).toBe(201);
      const conflict = dialog.getByText('The list was changed while you were typing');
      await staysWhere(page, [save, close, lines], WRITE, [conflict], () => save.click());
      // The second click of a double click on the button that was there before.
      await save.hover();
      await page.mouse.down({ clickCount: 2 });
      await page.mouse.up({ clickCount: 2 });
      expect(await world.rangesOf(api)).toHaveLength(3);
      await save.click();
      await dialog.waitFor({ state: 'hidden' });
      expect(await world.rangesOf(api, 2)).toEqual(['203.0.113.0/24', '203.0.113.10']);
      expect(world.complaints).toEqual([]);
    },
  );

  /** Reports a login from each of this many addresses that no list of these tests has. */
  async function logInFrom(api: string, addresses: number): Promise<void> {
    const smtpUserId = api.split('/').at(-1);
    const hour = new Date().toISOString();
    const logins = Array.from({ length: addresses }, (_, i) => ({
      smtpUserId,
      ip: `2001:db8:aaaa:bbbb:cccc:dddd:eeee:${(0xf000 + i).toString(16)}`,
      hour,
      count: 1_000,
      entryId: null,
      relay: 'mx1',
    }));
    await until(
      () => world.acme.relay('POST', '/v1/relay/logins', { batchId: newId(), logins }),
      'the audit trail has the user',
      ({ body }) => body.accepted === addresses,
    );
  }
});

/** Does `what`, keeps the answers of `requests` back, and compares where `parts` of the page are before and after `shown` is. */
async function staysWhere(
  page: Page,
  parts: readonly (Locator | undefined)[],
  requests: RegExp,
  shown: readonly Locator[],
  what: () => Promise<void>,
): Promise<void> {
  const sent = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await page.route(requests, async (route) => {
    sent.resolve();
    await answered.promise;
    await route.fallback();
  });
  await what();
  await sent.promise;
  const positions = () => Promise.all(parts.map((part) => part?.boundingBox()));
  await parts[0]?.waitFor();
  const before = await positions();
  answered.resolve();
  for (const part of shown) await part.waitFor();
  expect(await positions()).toEqual(before);
  await page.unroute(requests);
}

/** A whole second, but no whole minute: of that, a browser would leave out the seconds. */
function endOfTrial(): number {
  const end = Math.ceil((Date.now() + FILLING_IN_MS) / 1_000) * 1_000;
  return end % 60_000 === 0 ? end + 1_000 : end;
}

/** As the field of a browser there has it. */
function inBerlin(time: number): string {
  const parts = new Date(time).toLocaleString('sv-SE', {
    timeZone: 'Europe/Berlin',
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return parts.replace(' ', 'T');
}
