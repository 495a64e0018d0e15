/**
 * `npm run screenshots`: pictures of the dashboard for the documentation, in docs/screenshots. `npm run screenshots -- --all <folder>`: each page and state
 * at three widths, light and dark, to look at.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dashboardStory, startPosternProcess, TestBrowser, type Visit } from '@postern/testing';
import { pictures, type Picture } from './screenshots/pictures.js';

const DOCS = join(import.meta.dirname, '..', '..', 'docs', 'screenshots');
const SCHEMES = ['light', 'dark'] as const;
const { values } = parseArgs({ options: { all: { type: 'string' }, only: { type: 'string', default: '' } } });
const folder = values.all ?? DOCS;
const widths = values.all === undefined ? [1024] : [375, 1024, 1600];

const dataDir = await mkdtemp(join(tmpdir(), 'postern-screenshots-'));
const [postern, browser] = await Promise.all([startPosternProcess({ POSTERN_DATA_DIR: dataDir }), TestBrowser.start()]);
try {
  await mkdir(folder, { recursive: true });
  const story = await dashboardStory.tellStory(postern.url, postern.operatorKey ?? '');
  await story.denyNow();
  const keys = {
    operator: postern.operatorKey ?? '',
    admin: story.adminKey,
    auditor: story.auditorKey,
    nobody: undefined,
  };
  const visits = new Map<string, Visit>();
  for (const picture of pictures(story).filter(({ name }) => name.includes(values.only)))
    for (const width of widths)
      for (const colorScheme of SCHEMES) {
        if (values.all === undefined && !picture.docs) continue;
        const visit = visits.get(picture.as) ?? (await browser.visit(postern.url, { key: keys[picture.as] }));
        visits.set(picture.as, visit);
        await take(picture, visit, width, colorScheme);
      }
  for (const { complaints } of visits.values()) for (const complaint of complaints) console.error(complaint);
} finally {
  await browser.end();
  await postern.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
}

async function take(picture: Picture, visit: Visit, width: number, colorScheme: 'light' | 'dark'): Promise<void> {
  const { page } = visit;
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: width < 500 ? 812 : 720 });
  await page.goto(picture.path);
  await page.locator('h1').first().waitFor();
  await visit.loaded();
  try {
    await picture.before?.(page);
    await visit.loaded();
  } catch (error) {
    console.error(`${picture.name} is not as it should be: ${error}`);
  }
  const suffix = values.all === undefined ? colorScheme : `${width}-${colorScheme}`;
  const file = join(folder, `${picture.name}-${suffix}.png`);
  await page.screenshot({ path: file, fullPage: values.all !== undefined && picture.whole === true });
  console.log(file);
}
