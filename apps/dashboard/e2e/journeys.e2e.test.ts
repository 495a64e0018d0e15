import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { asking, describeWithChromium, insertDeadLetter, smtpLogin, until, type Visit } from '@postern/testing';
import type { Page } from 'playwright-core';
import { DashboardWorld, PASSWORD } from './testing/dashboard-world.js';

const USERNAME = 'app@acme.example';
const CLIENT = '198.51.100.7';
/** More than any page has to go through; what is not reached by then is not reached. */
const MOST_TABS = 60;

describeWithChromium(describe, 'in the dashboard', () => {
  let world: DashboardWorld;
  let acme: DashboardWorld['acme'];

  beforeAll(async () => {
    world = await DashboardWorld.start();
    ({ acme } = world);
  });
  afterAll(() => world?.end());

  it('somebody whose mail stopped finds out why, allows the address in two clicks, and the next login works', async () => {
    await world.userWith(USERNAME, '203.0.113.0/24');
    const relay = await world.startRelay(USERNAME);
    const login = () => smtpLogin({ port: relay.port, proxiedFor: CLIENT, username: USERNAME, password: PASSWORD });
    try {
      expect(await login()).toBe('535 5.7.1 IP not authorized');

      const { page } = await world.visit();
      await page.goto('/help/ip-not-authorized');
      await page
        .getByRole('heading', { name: /IP not authorized/ })
        .first()
        .waitFor();
      await page
        .getByRole('link', { name: /dashboard|SMTP users|sign in/i })
        .first()
        .click();
      await page.getByLabel('API key', { exact: true }).fill(acme.adminKey);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('heading', { name: 'SMTP users' }).waitFor();
      const row = page.getByRole('row').filter({ hasText: USERNAME });
      await row.filter({ hasText: 'refusing' }).filter({ hasText: CLIENT }).waitFor();

      await row.getByRole('link', { name: USERNAME }).click();
      const refused = page.getByRole('region', { name: 'Refused now' });
      await refused.getByText(CLIENT).first().waitFor();
      expect(await refused.textContent()).toMatch(/1 login.*denied since.*by mx1/);
      await refused.getByRole('button', { name: `Allow this address: ${CLIENT}` }).click();
      await refused.getByText('Allowed').waitFor();

      expect(await until(login, 'the relay has the change', (reply) => reply.startsWith('235'))).toMatch(/^235 /);
      // The undo takes it back, everywhere.
      await page.getByRole('button', { name: 'Undo' }).click();
      // The guard asks first if the relay has reported the login by then.
      const guard = page.getByRole('dialog', { name: 'This would refuse logins that work today' });
      await until(
        async () => {
          if (await guard.isVisible()) await guard.getByRole('button', { name: 'Refuse this address' }).click();
          return login();
        },
        'the relay has that, too',
        (reply) => reply === '535 5.7.1 IP not authorized',
      );
    } finally {
      await relay.close();
    }
  });

  it('a person at the list of users allows a refused address there in two clicks, and can undo it', async () => {
    const { api } = await world.userWith('row@acme.example', '203.0.113.0/24');
    await acme.relay('POST', '/v1/relay/decisions', { username: 'row@acme.example', ip: CLIENT, dryRun: false });
    const { page } = await world.visit(acme.adminKey);
    await page.goto('/t/acme/smtp-users?state=refusing');
    const row = page.getByRole('row').filter({ hasText: 'row@acme.example' });
    await row.getByRole('button', { name: `Allow ${CLIENT} …` }).click();
    await page.getByRole('menuitem', { name: /^Allow 198\.51\.100\.0\/24/ }).click();
    await row.getByText(`${CLIENT} is allowed now`).waitFor();
    expect(await world.rangesOf(api, 2)).toEqual(['198.51.100.0/24', '203.0.113.0/24']);
    await page.getByRole('button', { name: 'Undo' }).click();
    await row.getByText(`refusing ${CLIENT}`).waitFor();
  });

  it('denied addresses are those of the SMTP user that is shown, also after looking at another one', async () => {
    const users = [
      { username: 'left@acme.example', ip: '198.51.100.21' },
      { username: 'right@acme.example', ip: '198.51.100.22' },
    ] as const;
    for (const { username, ip } of users) {
      const { api } = await world.userWith(username, '203.0.113.0/24');
      await acme.relay('POST', '/v1/relay/decisions', { username, ip, dryRun: false });
      const listed = () => acme.admin('GET', `${api}/denied-ips`);
      await until(listed, 'the address is listed', ({ body }) => body.items?.length === 1);
    }
    const { page } = await world.visit(acme.adminKey);
    const denied = page.getByRole('table', { name: 'Denied addresses' });
    const shown = async (ip: string) => {
      await denied.getByText(ip).waitFor();
      // Below the header.
      expect(await denied.getByRole('row').count()).toBe(2);
    };
    await page.goto('/t/acme/smtp-users');
    for (const { username, ip } of users) {
      await page.getByRole('button', { name: /^Jump to/ }).click();
      await page.getByRole('dialog').getByLabel('Jump to').fill(username);
      await page.getByRole('option', { name: username }).click();
      await page.getByRole('tab', { name: 'Denied' }).click();
      await shown(ip);
    }
    await page.goBack();
    await shown(users[0].ip);
  });

  it('the addresses of both families, or a network, can be added where this browser was seen to come from both', async () => {
    const { path, api } = await world.userWith('families@acme.example', '203.0.113.1');
    const { page, context } = await world.visit(acme.adminKey);
    const comingFrom = async (ip: string) => {
      await context.setExtraHTTPHeaders({ 'x-forwarded-for': ip });
      await page.goto(path);
    };
    await comingFrom('198.51.100.77');
    await page.getByRole('button', { name: 'Add my current address 198.51.100.77' }).waitFor();
    await page.getByRole('link', { name: 'And IPv6?' }).waitFor();
    await comingFrom('2001:db8::77');
    await page.getByRole('button', { name: 'or its network 2001:db8::/64' }).click();
    await page.getByText('Your current address 2001:db8::77 is on the list, in 2001:db8::/64').waitFor();
    await page.getByRole('button', { name: 'Add my IPv4 address 198.51.100.77' }).click();
    await page.getByText('Your IPv4 address 198.51.100.77 is on the list').waitFor();
    expect(await world.rangesOf(api, 3)).toEqual(['198.51.100.77', '2001:db8::/64', '203.0.113.1']);
  });

  it('the list of an unrestricted user is suggested from where it logged in, with what it would refuse, as Sources shows it', async () => {
    const { path, api } = await world.userWith('first-list@acme.example');
    const hour = new Date(Date.now() - 3_600_000).toISOString();
    const smtpUserId = api.split('/').at(-1);
    const logins = [
      ['203.0.113.9', 60],
      ['2001:db8::25', 40],
      ['192.0.2.200', 1],
    ].map(([ip, count]) => ({ smtpUserId, ip, hour, count, entryId: null, relay: 'mx1' }));
    await until(
      () => acme.relay('POST', '/v1/relay/logins', { batchId: newId(), logins }),
      'the audit trail knows the user',
      ({ body }) => body.accepted === 3,
    );
    const { page } = await world.visit(acme.adminKey);
    await page.goto(path);
    await page.getByRole('button', { name: 'Suggest a list' }).click();
    const lines = page.getByLabel('Addresses and ranges');
    expect(await lines.inputValue()).toBe('203.0.113.9\n2001:db8::25\n');
    const preview = page.getByRole('region', { name: 'The last 30 days' });
    await preview.getByText('Of 101 logins in the last 30 days, it would have refused 1 from 1 address.').waitFor();
    await preview.getByText('192.0.2.200').waitFor();
    expect(
      (await acme.admin('POST', `${api}/restriction/entries`, { entries: [{ range: '203.0.113.9' }] })).status,
    ).toBe(201);

    await page.goto(`${path}?tab=sources`);
    const rows = page.getByRole('table', { name: 'Addresses that logged in' }).getByRole('row');
    await rows.filter({ hasText: '203.0.113.9' }).getByText('Allowed').waitFor();
    await rows.filter({ hasText: '192.0.2.200' }).getByText('Would be refused').waitFor();
    await page.getByRole('figure', { name: 'Logins by day' }).waitFor();
    await page.getByText('Relays have reported logins since').waitFor();
  });

  it('changes are found by the name that an SMTP user has or had', async () => {
    const { api } = await world.userWith('once@acme.example');
    expect((await acme.admin('PATCH', api, { username: 'today@acme.example' })).status).toBe(200);
    const { page } = await world.visit(acme.adminKey);
    await page.goto('/t/acme/changes');
    await page.getByRole('button', { name: 'Username' }).click();
    await page.getByRole('textbox', { name: 'Username' }).fill('once@acme.example');
    await page.getByRole('button', { name: 'Apply' }).click();
    const rows = page.getByRole('table', { name: 'Changes' }).getByRole('row');
    await rows.filter({ hasText: 'today@acme.example' }).first().waitFor();
    await page.waitForURL(/username=once%40acme.example/);
    // Until they are loaded, the table shows the rows that it had.
    await until(
      () => rows.count(),
      'only its changes are listed',
      (count) => count === 3,
    );
  });

  it('an operator retries a dead letter, which is recorded, and discards one that cannot be read', async () => {
    const { api } = await world.userWith('letters@acme.example');
    const data = {
      denialId: newId(),
      smtpUserId: api.split('/').at(-1),
      username: 'letters@acme.example',
      ip: CLIENT,
      occurredAt: new Date().toISOString(),
      relay: 'mx1',
      reason: 'ip-not-authorized',
      mode: 'enforce',
      refused: true,
      count: 1,
    };
    for (const event of [data, {}])
      await insertDeadLetter(world.database.url, { type: 'AuthDenied', schemaVersion: 1, data: event });
    const { page } = await world.visit(world.postern.operatorKey ?? '');
    await page.goto('/operator/system');
    const letters = page.getByRole('table', { name: 'Dead letters' }).getByRole('row');
    const panel = page.getByRole('dialog', { name: 'Dead letter' });
    const open = async (at: number) => {
      await letters.nth(at).getByRole('button').first().click();
      await panel.getByText('"AuthDenied"').waitFor();
    };
    await open(1);
    await panel.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('It could be read, and is recorded.').waitFor();
    await until(
      () => acme.admin('GET', `${api}/denials`),
      'the denial is listed',
      ({ body }) => body.items[0]?.ip === CLIENT,
    );
    await open(1);
    await panel.getByRole('button', { name: 'Retry' }).click();
    await panel.getByText('It still cannot be read').waitFor();
    await panel.getByRole('button', { name: 'Discard' }).click();
    await page
      .getByRole('dialog', { name: 'Discard this dead letter' })
      .getByRole('button', { name: 'Discard' })
      .click();
    await page.getByText('No dead letters wait').waitFor();
    const { body } = await acme.operator('GET', '/v1/dead-letters?state=all');
    expect(body.items.map(({ state }: { state: string }) => state).sort()).toEqual(['discarded', 'settled']);
  });

  it('a pasted list is judged line by line, with a correction in one click, and the good lines are added', async () => {
    const { path, api } = await world.userWith('paste@acme.example', '203.0.113.0/24');
    const { page } = await world.visit(acme.adminKey);
    await page.goto(path);
    await page.getByRole('button', { name: 'Add addresses' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog
      .getByLabel('Addresses and ranges')
      .fill('198.51.100.42/24, office\n2001:db8::1\n010.0.0.1\nnot an address\n');
    await dialog.getByRole('button', { name: /198\.51\.100\.0\/24/ }).click();
    await dialog.getByRole('button', { name: 'Add 2 of 4' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('row').filter({ hasText: '198.51.100.0/24' }).filter({ hasText: 'office' }).waitFor();
    expect(await world.rangesOf(api, 3)).toEqual(['198.51.100.0/24', '2001:db8::1', '203.0.113.0/24']);
  });

  it('of two tabs that change the same list, the second sees what the first saved, and takes lines from both', async () => {
    const { path, api } = await world.userWith('conflict@acme.example', '203.0.113.1', '203.0.113.2');
    const [first, second] = [await world.visit(acme.adminKey), await world.visit(acme.adminKey)];
    const edit = async ({ page }: Visit, text: string) => {
      await page.goto(path);
      await page.getByRole('button', { name: /Edit as text|Edit the list/ }).click();
      await page.getByRole('dialog').getByRole('textbox').first().fill(text);
    };
    await edit(first, '203.0.113.1\n203.0.113.2\n203.0.113.3\n');
    await edit(second, '203.0.113.2\n203.0.113.4\n');
    const save = ({ page }: Visit) =>
      page
        .getByRole('dialog')
        .getByRole('button', { name: /^(Save|Add) / })
        .click();
    await save(first);
    await first.page.getByRole('dialog').waitFor({ state: 'hidden' });
    await save(second);
    const conflict = second.page.getByRole('dialog');
    await conflict.getByText('The list was changed while you were typing').waitFor();
    const theirs = conflict.getByRole('list', { name: 'What somebody else has changed' }).getByRole('listitem');
    expect(await theirs.allTextContents()).toEqual([expect.stringContaining('203.0.113.3')]);
    expect(await conflict.getByRole('textbox').first().inputValue()).toBe('203.0.113.2\n203.0.113.3\n203.0.113.4\n');
    await conflict.getByText('1 added · 1 removed').waitFor();
    await conflict.getByRole('button', { name: 'Save 2 changes' }).click();
    await conflict.waitFor({ state: 'hidden' });
    await until(
      () => world.rangesOf(api),
      'both sides are saved',
      (ranges) => String(ranges) === '203.0.113.2,203.0.113.3,203.0.113.4',
    );
  });

  it('a first list that only reports keeps doing so after a conflict', async () => {
    const { path, api } = await world.userWith('first@acme.example');
    const { page } = await world.visit(acme.adminKey);
    await page.goto(path);
    await page.getByRole('button', { name: 'Add addresses' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Add addresses' });
    await dialog.getByLabel('Addresses and ranges').fill('203.0.113.1');
    await dialog.getByLabel(/^Only report at first/).check();
    const entries = [{ range: '203.0.113.2' }];
    expect((await acme.admin('POST', `${api}/restriction/entries`, { entries })).status).toBe(201);
    await dialog.getByRole('button', { name: 'Add 1' }).click();
    await dialog.getByText('The list was changed while you were typing').waitFor();
    expect(await dialog.getByLabel(/^Only report at first/).isChecked()).toBe(true);
    await dialog.getByRole('button', { name: 'Add 1' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await world.rangesOf(api, 2)).toEqual(['203.0.113.1', '203.0.113.2']);
    expect((await acme.admin('GET', `${api}/restriction`)).body.mode).toBe('report-only');
  });

  it('a session that ends loses nothing of what was typed, and it is saved after signing in again', async () => {
    const { path, api } = await world.userWith('session@acme.example', '203.0.113.1');
    const { page, context } = await world.visit(acme.adminKey);
    await page.goto(path);
    await page.getByRole('button', { name: 'Add addresses' }).first().click();
    const field = page.getByRole('dialog').getByLabel('Addresses and ranges');
    await field.fill('198.51.100.99 # typed before');
    const { origin } = new URL(world.postern.url);
    // In another tab.
    expect((await context.request.delete('/v1/session', { headers: { origin } })).status()).toBe(204);
    // It says so by itself: what it follows live has ended.
    const ended = page.getByRole('dialog', { name: 'Your session has ended' });
    await ended.getByLabel('API key', { exact: true }).fill(acme.adminKey);
    await ended.getByRole('button', { name: 'Sign in' }).click();
    await ended.waitFor({ state: 'hidden' });
    expect(await field.inputValue()).toBe('198.51.100.99 # typed before');
    await page.getByRole('button', { name: 'Add 1' }).click();
    await until(
      () => world.rangesOf(api),
      'it is saved',
      (ranges) => ranges.includes('198.51.100.99'),
    );
  });

  it('an auditor sees the same pages, why there are no buttons, and none that would change something', async () => {
    const key = (await acme.operator('POST', '/v1/tenants/acme/api-keys', { role: 'auditor', name: 'audit' })).body.key;
    const { path } = await world.userWith('audited@acme.example', '203.0.113.1');
    const auditor = await world.visit(key);
    const { page } = auditor;
    const changing = /\b(add|allow|edit|clear|remove|rename|revoke|save|issue|create|mode)\b/i;
    for (const each of ['/t/acme/smtp-users', path, `${path}?tab=denied`, '/t/acme/api-keys', '/t/acme/reply']) {
      await page.goto(each);
      await page.locator('h1').waitFor();
      await auditor.loaded();
      const buttons = await page.locator('main button, main input[type=submit]').all();
      const names = await Promise.all(
        buttons.map(async (button) => (await button.getAttribute('aria-label')) ?? (await button.textContent()) ?? ''),
      );
      expect([each, names.filter((name) => changing.test(name))]).toEqual([each, []]);
    }
    await page.goto(path);
    await page.getByText(/auditor.s key/).waitFor();
    await page.goto('/operator/tenants');
    await page.getByRole('heading', { name: 'SMTP users' }).waitFor();
  });

  it('clearing says what it does, and needs the username', async () => {
    const { path, api } = await world.userWith('clear@acme.example', '203.0.113.1');
    const { page } = await world.visit(acme.adminKey);
    await page.goto(path);
    await page.getByRole('button', { name: /^Clear restriction/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Clear restriction' });
    await dialog.getByText('Anyone with the password can then log in from every address').waitFor();
    const clear = dialog.getByRole('button', { name: 'Clear restriction' });
    expect(await clear.isDisabled()).toBe(true);
    await dialog.getByRole('textbox').fill('clear@acme.example');
    await clear.click();
    await page.getByRole('heading', { name: 'Any source may log in' }).waitFor();
    const restricted = async () => (await acme.admin('GET', `${api}/restriction`)).body.restricted;
    await until(restricted, 'it is cleared', (is) => is === false);
  });

  it('1,000 entries can be searched, and edited as one text', async () => {
    const ranges = Array.from({ length: 1_000 }, (_, i) => `198.18.${i >> 8}.${i & 255}`);
    const { path, api } = await world.userWith('thousand@acme.example', ...ranges);
    const { page } = await world.visit(acme.adminKey);
    await page.goto(path);
    const search = page.getByLabel('Search ranges and notes');
    await search.fill('198.18.3.231');
    await page.getByRole('row').filter({ hasText: '198.18.3.231' }).waitFor();
    expect(await page.getByRole('table', { name: 'Allowed addresses' }).getByRole('row').count()).toBe(2);
    await search.fill('');
    await page.getByRole('button', { name: 'Edit as text' }).click();
    const field = page.getByRole('dialog').getByRole('textbox').first();
    const lines = (await field.inputValue()).trim().split('\n');
    expect(lines).toHaveLength(1_000);
    await field.fill(lines.slice(1).join('\n'));
    await page.getByRole('dialog').getByRole('button', { name: 'Save 1 change' }).click();
    await until(
      () => world.rangesOf(api),
      'one is removed',
      (left) => left.length === 999,
    );
  });

  it('nothing that anybody may write is taken for markup', async () => {
    const evil = '<img/src=x/onerror=alert(1)>';
    const script = `"><script>alert(1)</script><svg onload=alert(1)>`;
    await acme.operator('POST', '/v1/tenants', { id: 'evil', name: script });
    const issue = async (path: string, role: string) =>
      (await acme.operator('POST', path, { role, name: script })).body.key;
    const admin = asking(world.postern.url, await issue('/v1/tenants/evil/api-keys', 'admin'));
    const relay = asking(world.postern.url, await issue('/v1/api-keys', 'relay'));
    const { body: user } = await admin('POST', '/v1/tenants/evil/smtp-users', { username: evil });
    const restriction = `/v1/tenants/evil/smtp-users/${user.id}/restriction/entries`;
    expect((await admin('POST', restriction, { entries: [{ range: '203.0.113.1', note: script }] })).status).toBe(201);
    const reply = { text: `${script} {ip}`.slice(0, 150), helpUrl: null, opaque: false };
    expect((await admin('PUT', '/v1/tenants/evil/reply', reply)).status).toBe(200);
    const decision = { username: evil, ip: CLIENT, dryRun: false };
    await until(
      () => relay('POST', '/v1/relay/decisions', decision),
      'the login is denied',
      ({ body }) => body.decision === 'deny',
    );
    const denials = () => admin('GET', '/v1/tenants/evil/denials');
    await until(denials, 'the denial is listed', ({ body }) => body.items.length > 0);

    const operator = await world.visit(world.postern.operatorKey ?? '');
    const { page } = operator;
    const one = `/t/evil/smtp-users/${user.id}`;
    const shown = [
      ['/t/evil/smtp-users', evil],
      [one, script],
      [`${one}?tab=denied`, evil],
      [`${one}?tab=history`, script],
      ['/t/evil/denials', evil],
      ['/t/evil/changes', script],
      ['/t/evil/api-keys', script],
      ['/t/evil/reply', ''],
      ['/operator/tenants', script],
      ['/operator/api-keys', script],
      ['/operator/relays', ''],
      [`/t/evil/smtp-users?query=${encodeURIComponent(script)}`, ''],
      [`/t/evil/denials?ip=${encodeURIComponent(script)}&username=${encodeURIComponent(script)}`, ''],
      [`/sign-in?next=${encodeURIComponent('javascript:alert(1)')}`, ''],
    ] as const;
    for (const [path, text] of shown) {
      await page.goto(path);
      await page.locator('h1').first().waitFor();
      await operator.loaded();
      if (text !== '') await page.getByText(text).first().waitFor();
    }
    expect(operator.complaints).toEqual([]);
  });

  it('without a mouse, somebody signs in, finds the user, allows the refused address, edits the list, saves, and takes a removal back', async () => {
    const { api } = await world.userWith('keys@acme.example', '203.0.113.0/24');
    await world.userWith('another@acme.example');
    const refused = { username: 'keys@acme.example', ip: CLIENT, dryRun: false };
    expect((await acme.relay('POST', '/v1/relay/decisions', refused)).body.decision).toBe('deny');
    const ranges = (expected: readonly string[]) =>
      until(
        () => world.rangesOf(api),
        'the list is saved',
        (saved) => String(saved) === String(expected),
      );
    const { page } = await world.visit();
    const { keyboard } = page;

    await page.goto('/sign-in');
    await tabTo(page, 'API key');
    await keyboard.type(acme.adminKey);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'SMTP users' }).waitFor();

    await keyboard.press('/');
    await keyboard.type('keys@');
    await page
      .getByRole('table', { name: 'SMTP users' })
      .getByRole('link', { name: 'another' })
      .waitFor({ state: 'hidden' });
    await tabTo(page, 'keys@acme.example');
    await keyboard.press('Enter');

    await page.getByRole('button', { name: `Allow this address: ${CLIENT}`, disabled: false }).waitFor();
    await tabTo(page, `Allow this address: ${CLIENT}`);
    await keyboard.press('Enter');
    await ranges([CLIENT, '203.0.113.0/24']);

    await tabTo(page, 'Add addresses');
    await keyboard.press('Enter');
    await focused(page, 'Addresses and ranges');
    await keyboard.type('192.0.2.9/24, typed');
    await tabTo(page, 'Use 192.0.2.0/24');
    await keyboard.press('Enter');
    await tabTo(page, 'Add 1');
    await keyboard.press('Enter');
    await ranges(['192.0.2.0/24', CLIENT, '203.0.113.0/24']);
    await page.getByRole('dialog').waitFor({ state: 'hidden' });

    await tabTo(page, 'Change or remove 192.0.2.0/24');
    await keyboard.press('Enter');
    await focused(page, 'Note');
    await tabTo(page, 'Remove this entry');
    await keyboard.press('Enter');
    await ranges([CLIENT, '203.0.113.0/24']);
    await page.getByText('Removed 192.0.2.0/24.').waitFor();
    await keyboard.press('Control+z');
    await ranges(['192.0.2.0/24', CLIENT, '203.0.113.0/24']);
  });

  it('the page of a Postern that is killed says so, keeps what was typed, and continues when it is back', async () => {
    const { path, api } = await world.userWith('killed@acme.example', '203.0.113.1');
    const { page } = await world.visit(acme.adminKey);
    await page.goto(path);
    await page.getByRole('button', { name: 'Add addresses' }).first().click();
    const field = page.getByRole('dialog').getByLabel('Addresses and ranges');
    await field.fill('198.51.100.98');
    await world.postern.end('SIGKILL');
    await page.getByRole('button', { name: 'Add 1' }).click();
    await page.getByRole('dialog').getByText('Postern does not answer').waitFor();
    await world.startAgain();
    expect(await field.inputValue()).toBe('198.51.100.98');
    await page.getByRole('button', { name: 'Add 1' }).click();
    await until(
      () => world.rangesOf(api),
      'it is saved',
      (ranges) => ranges.includes('198.51.100.98'),
    );
  });

  it('no page breaks its policy, asks another host or throws, whatever was done above', () => {
    expect(world.complaints).toEqual([]);
  });
});

/** Presses Tab until the element of this name has the focus, which must be seen. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  while (passed.length < MOST_TABS) {
    await page.keyboard.press('Tab');
    const reached = await nameOfFocused(page);
    if (reached === name) {
      expect([name, await page.locator(':focus-visible').count()]).toEqual([name, 1]);
      return;
    }
    passed.push(reached);
  }
  throw new Error(`“${name}” is not reached by Tab. There are: ${passed.join(' | ')}`);
}

const focused = (page: Page, name: string) =>
  until(
    () => nameOfFocused(page),
    `the focus is on “${name}”`,
    (reached) => reached === name,
  );

/** As a screen reader says it: its label or its text. */
function nameOfFocused(page: Page): Promise<string> {
  return page.evaluate<string>(`{
    const { activeElement: it } = document;
    const text = it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? it.textContent ?? '';
    text.replaceAll(/\\s+/g, ' ').trim();
  }`);
}
