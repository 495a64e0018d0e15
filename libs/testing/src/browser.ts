import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { Describe } from './describe-with-kafka.js';
import { describeWithPrograms, programFile } from './programs.js';

/** jest's `describe` for tests that run Chromium. Without it they are skipped with a message; in CI that is a failure. */
export function describeWithChromium(describe: Describe, name: string, tests: () => void): void {
  describeWithPrograms(describe, name, { chromium: 'chromium' }, tests);
}

export interface VisitOptions extends Pick<
  BrowserContextOptions,
  'viewport' | 'colorScheme' | 'locale' | 'timezoneId'
> {
  /** An API key that is signed in with. */
  readonly key?: string | undefined;
}

/** A headless Chromium for many visits, which share nothing. */
export class TestBrowser {
  private constructor(
    private readonly browser: Browser,
    private readonly axe: string,
  ) {}

  static async start(): Promise<TestBrowser> {
    // Loaded here: it takes a quarter of a second, and few of those who use this library run a browser.
    const { chromium } = await import('playwright-core');
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--font-render-hinting=none'];
    return new TestBrowser(await chromium.launch({ executablePath: programFile('chromium'), args }), axe);
  }

  /** A new profile that looks at the Postern at `url`. */
  async visit(url: string, { key, ...options }: VisitOptions = {}): Promise<Visit> {
    const context = await this.browser.newContext({
      baseURL: url,
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      reducedMotion: 'reduce',
      ...options,
    });
    if (key !== undefined) await signIn(context, url, key);
    return new Visit(context, await context.newPage(), url, this.axe);
  }

  end(): Promise<void> {
    return this.browser.close();
  }
}

/** By the API, as the page does it. */
async function signIn(context: BrowserContext, origin: string, key: string): Promise<void> {
  const answer = await context.request.post('/v1/session', { data: { key }, headers: { origin } });
  if (!answer.ok()) throw new Error(`The key was not taken: ${answer.status()} ${await answer.text()}`);
}

/** What a page did that none may do: a request to another host, a breach of its policy, an error that nobody caught. */
export class Visit {
  readonly complaints: string[] = [];

  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    url: string,
    private readonly axe: string,
  ) {
    const { origin } = new URL(url);
    context.on('request', (request) => {
      const requested = request.url();
      if (!requested.startsWith('data:') && new URL(requested).origin !== origin)
        this.complaints.push(`a request to another host: ${requested}`);
    });
    context.on('console', (message) => {
      // Breaches of the policy come here, too. An answer of 401 or 503 is the page's own matter.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        this.complaints.push(`an error in the console: ${message.text()}`);
    });
    context.on('weberror', (error) =>
      this.complaints.push(`an error: ${error.error().stack ?? String(error.error())}`),
    );
    context.on('dialog', (dialog) => {
      // A page may ask before it is left with what was typed.
      if (dialog.type() === 'beforeunload') return void dialog.accept();
      this.complaints.push(`a dialog: ${dialog.message()}`);
      return void dialog.dismiss();
    });
  }

  /** Resolves when everything that the page asked for is shown: no skeleton is left. */
  async loaded(): Promise<void> {
    await this.page.locator('.mantine-Skeleton-root, [aria-busy=true]').first().waitFor({ state: 'detached' });
  }

  /** Serious and critical findings of axe on the page as it is, a line each; `only` are the rules, by default all. */
  async accessibilityFindings(only?: readonly string[]): Promise<string[]> {
    await this.page.evaluate(this.axe);
    const options = { resultTypes: ['violations'], ...(only ? { runOnly: only } : {}) };
    const { violations } = (await this.page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as AxeResults;
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, help, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary}`),
      );
  }

  /** How many CSS pixels the page is wider than the window: 0, or it scrolls sideways. */
  overflow(): Promise<number> {
    return this.page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  }

  /** The line of prose with the most characters: over 100 or so, the eye does not find the next line. */
  longestLine(): Promise<{ readonly characters: number; readonly text: string }> {
    return this.page.evaluate<{ characters: number; text: string }>(LONGEST_LINE);
  }

  end(): Promise<void> {
    return this.context.close();
  }
}

/** By the widths of the lines of each text. Names, tables and what is to be copied do not count: nobody reads them line after line. */
const LONGEST_LINE = `(() => {
  let longest = { characters: 0, text: '' };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (text.parentElement.closest('h1, nav, table, pre, code, textarea, script, style') || !text.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const widths = [...range.getClientRects()].map(({ width }) => width);
    const all = widths.reduce((sum, width) => sum + width, 0);
    const characters = Math.round((text.data.length * Math.max(0, ...widths)) / (all || 1));
    if (characters > longest.characters) longest = { characters, text: text.data };
  }
  return longest;
})()`;

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}
