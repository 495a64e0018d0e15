import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { describeWithChromium, smtpLogin, until } from '@postern/testing';
import { DashboardWorld, PASSWORD } from './testing/dashboard-world.js';

const USERNAME = 'places@acme.example';
const [OFFICE, HOME, CAFE] = ['203.0.113.9', '2001:db8:7::5', '198.51.100.7'];
const MINUTE_MS = 60_000;
/** For a dialog to be filled in and sent, on a machine that does much else. */
const FILLING_IN_MS = 45_000;

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
      const suggested = page.getByRole('dialog', { name: 'Suggested list' });
      await suggested.getByText(`Left out: 1 address with 1 login (${CAFE})`).waitFor();
      await suggested.getByRole('button', { name: 'Use this list …' }).click();
      const dialog = page.getByRole('dialog', { name: 'Add addresses' });
      const typed = await dialog.getByLabel('Addresses and ranges').inputValue();
      expect(typed.split('\n').sort()).toEqual([HOME, OFFICE]);

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
      await dialog.getByRole('combobox', { name: 'Enforced from' }).click();
      await page.getByRole('option', { name: 'At a time …' }).click();
      const end = Math.ceil((Date.now() + FILLING_IN_MS) / MINUTE_MS) * MINUTE_MS;
      await dialog.getByLabel('Time', { exact: true }).fill(inBerlin(end));
      await dialog.getByRole('button', { name: 'Add 2' }).click();
      await page.getByText(/report only, enforced in/).waitFor();
      const { body } = await until(
        () => world.acme.admin('GET', `${api}/restriction`),
        'the read side has it',
        ({ body: read }) => read.restricted,
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
    const menu = page.getByRole('button', { name: 'Change or remove 198.51.100.0/24' });
    await menu.click();
    await page.getByRole('menuitem', { name: /^Note and expiry/ }).click();
    const entry = page.getByRole('dialog', { name: '198.51.100.0/24' });
    await entry.getByLabel('Note').fill('café');
    await entry
      .getByRole('region', { name: 'The last 30 days' })
      .getByText('Enforced, it would have let in all 1 login of the last 30 days.')
      .waitFor();
    await entry.getByRole('button', { name: 'Cancel' }).click();
    await entry.waitFor({ state: 'hidden' });
    await menu.click();
    const remove = page.getByRole('menuitem', { name: 'Remove' });
    await remove.getByText('Of 1 login in the last 30 days, it would have refused 1 from 1 address.').waitFor();
    await remove.click();
    const guard = page.getByRole('dialog', { name: 'This would refuse logins that work today' });
    await guard.getByText(CAFE).waitFor();
    expect(await world.rangesOf(api)).toEqual(['198.51.100.0/24', '203.0.113.0/24']);
    await guard.getByRole('button', { name: 'Refuse this address' }).click();
    expect(await world.rangesOf(api, 1)).toEqual(['203.0.113.0/24']);
    expect(world.complaints).toEqual([]);
  });
});

/** As the field of a browser there has it. */
function inBerlin(time: number): string {
  const parts = new Date(time).toLocaleString('sv-SE', {
    timeZone: 'Europe/Berlin',
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return parts.replace(' ', 'T');
}
