import {
  createAcme,
  createTestDatabase,
  startPosternProcess,
  TestBrowser,
  until,
  type Acme,
  type PosternProcess,
  type TestDatabase,
  type Visit,
  type VisitOptions,
} from '@postern/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRelay, type RunningRelay } from '../../../../examples/relay-smtp-server/src/index.js';

export const PASSWORD = 'correct horse battery staple';

/** A Postern with the tenant `acme`, and a browser that opens its pages. */
export class DashboardWorld {
  /** What pages must not do: errors, refused content. A test expects none. */
  get complaints(): string[] {
    return this.visits.flatMap(({ complaints }) => complaints);
  }
  private readonly visits: Visit[] = [];

  private constructor(
    readonly database: TestDatabase,
    private readonly folder: string,
    private readonly browser: TestBrowser,
    readonly acme: Acme,
    public postern: PosternProcess,
  ) {}

  static async start(): Promise<DashboardWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'postern-dashboard-'));
    const database = await createTestDatabase('empty', async () => undefined);
    const [postern, browser] = await Promise.all([
      startPosternProcess(environment(folder, database)),
      TestBrowser.start(),
    ]);
    const acme = await createAcme(postern.url, postern.operatorKey);
    return new DashboardWorld(database, folder, browser, acme, postern);
  }

  /** On the same port. */
  async startAgain(): Promise<void> {
    const { port } = new URL(this.postern.url);
    const { operatorKey } = this.postern;
    const again = await startPosternProcess({ ...environment(this.folder, this.database), POSTERN_HTTP_PORT: port });
    this.postern = { ...again, operatorKey };
  }

  async end(): Promise<void> {
    await this.browser.end();
    await this.postern.end('SIGTERM');
    await this.database.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async visit(key?: string, options: VisitOptions = {}): Promise<Visit> {
    const made = await this.browser.visit(this.postern.url, { key, ...options });
    this.visits.push(made);
    return made;
  }

  /** Creates an SMTP user with this list. Returns the paths of its page and of the API. */
  async userWith(username: string, ...ranges: readonly string[]): Promise<{ path: string; api: string }> {
    const { admin } = this.acme;
    const { body } = await admin('POST', '/v1/tenants/acme/smtp-users', { username });
    const path = `/t/acme/smtp-users/${body.id}`;
    const api = `/v1/tenants/acme/smtp-users/${body.id}`;
    if (ranges.length > 0) {
      const entries = ranges.map((range) => ({ range }));
      const { status } = await admin('POST', `${api}/restriction/entries`, { entries });
      if (status !== 201) throw new Error(`The list was answered ${status}.`);
    }
    const listed = () => admin('GET', `${api}/restriction`);
    await until(listed, 'the read side has it', ({ body: shown }) => shown.entries?.length === ranges.length);
    return { path, api };
  }

  /** The sorted ranges, read when the read side has `number` of them. */
  rangesOf(api: string, number?: number): Promise<string[]> {
    const read = async (): Promise<string[]> => {
      const { body } = await this.acme.admin('GET', `${api}/restriction`);
      return body.entries.map(({ range }: { range: string }) => range).sort();
    };
    return until(read, 'the list is saved', ({ length }) => number === undefined || length === number);
  }

  /** The example relay, with this user's password. It trusts the client address that a test sends. */
  startRelay(username: string): Promise<RunningRelay> {
    return startRelay({
      port: 0,
      postern: { url: this.postern.url, key: this.acme.relayKey },
      proxies: ['127.0.0.1'],
      relayName: 'mx1',
      users: { [username]: PASSWORD },
      client: { foldWindowMs: 0, reportLoginsEveryMs: 100 },
    });
  }
}

/** It trusts a proxy on this machine, so that a test chooses the address of its browser. */
const environment = (folder: string, database: TestDatabase) => ({
  POSTERN_DATA_DIR: folder,
  POSTERN_DATABASE_URL: database.url,
  POSTERN_TRUSTED_PROXIES: '127.0.0.1',
});
