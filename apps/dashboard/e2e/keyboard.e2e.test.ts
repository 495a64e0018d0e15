import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithChromium, until } from '@postern/testing';
import type { Page } from 'playwright-core';
import { DashboardWorld } from './testing/dashboard-world.js';

const CLIENT = '198.51.100.7';
/** More than any page has to go through; what is not reached by then is not reached. */
const MOST_TABS = 60;

describeWithChromium(describe, 'without a mouse', () => {
  let world: DashboardWorld;
  beforeAll(async () => (world = await DashboardWorld.start()));
  afterAll(() => world?.end());

  it('somebody signs in, finds the user, allows the refused address, edits the list, saves, and takes a removal back', async () => {
    const { api } = await world.userWith('app@acme.example', '203.0.113.0/24');
    await world.userWith('another@acme.example');
    const refused = { username: 'app@acme.example', ip: CLIENT, dryRun: false };
    expect((await world.acme.relay('POST', '/v1/relay/decisions', refused)).body.decision).toBe('deny');
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
    await keyboard.type(world.acme.adminKey);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'SMTP users' }).waitFor();

    await keyboard.press('/');
    await keyboard.type('app@');
    await page
      .getByRole('table', { name: 'SMTP users' })
      .getByRole('link', { name: 'another' })
      .waitFor({ state: 'hidden' });
    await tabTo(page, 'app@acme.example');
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
