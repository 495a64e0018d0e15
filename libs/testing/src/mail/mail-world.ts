import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@postern/embedded-kafka';
import { createAcme, type Acme } from '../acme.js';
import { startPosternProcess, type PosternProcess } from '../postern-process.js';
import { sendSignal } from '../send-signal.js';
import { until } from '../until.js';

/** A Postern with a tenant and its SMTP users, and the relay agent of a mail server. Both are processes of their own, and can be killed. */
export class MailWorld {
  private postern: PosternProcess | undefined;
  private agent: PosternProcess | undefined;
  private readonly ids = new Map<string, string>();
  private readonly ends: (() => Promise<unknown>)[] = [];
  private acme!: Acme;

  private constructor(
    /** Below it are all files; other users may enter it. */
    readonly folder: string,
    private readonly posternPort: number,
    private readonly agentPort: number,
  ) {}

  static async start(): Promise<MailWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'postern-mail-'));
    await chmod(folder, 0o755);
    const world = new MailWorld(folder, await freePort(), await freePort());
    world.endsWith(() => rm(folder, { recursive: true, force: true }));
    world.endsWith(() => Promise.all([world.agent?.end('SIGKILL'), world.postern?.end('SIGTERM')]));
    try {
      const { url, operatorKey } = await world.startPostern();
      world.acme = await createAcme(url, operatorKey);
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  get posternUrl(): string {
    return `http://127.0.0.1:${this.posternPort}`;
  }

  /** Where the agent serves HTTP. */
  get agentAddress(): string {
    return `127.0.0.1:${this.agentPort}`;
  }

  async startPostern(): Promise<PosternProcess> {
    const settings = { POSTERN_DATA_DIR: join(this.folder, 'postern'), POSTERN_HTTP_PORT: String(this.posternPort) };
    return (this.postern = await startPosternProcess(settings));
  }

  async killPostern(): Promise<void> {
    await this.postern?.end('SIGKILL');
  }

  /**
   * Starts the agent with this YAML; without, again with the last one. Where Postern is, the key and the folder come from this world.
   * @param under a program that starts it, with its arguments
   */
  async startAgent(configuration?: string, under: readonly string[] = []): Promise<void> {
    const file = join(this.folder, 'agent.yaml');
    const keyFile = join(this.folder, 'relay.key');
    if (configuration !== undefined) await writeFile(file, configuration);
    await writeFile(keyFile, this.acme.relayKey);
    const settings = {
      POSTERN_AGENT_UPSTREAMS: this.posternUrl,
      POSTERN_AGENT_HTTP: this.agentAddress,
      POSTERN_AGENT_DATA_DIR: join(this.folder, 'agent'),
      POSTERN_RELAY_KEY_FILE: keyFile,
      POSTERN_RELAY_NAME: 'mx1',
    };
    this.agent = await startPosternProcess(settings, 'relay-agent', ['--config', file], under);
  }

  /** Resolves to its exit code, or the signal that ended it. */
  async endAgent(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string | undefined> {
    return this.agent?.end(signal);
  }

  /** Kills the agent that was started under `holdingSocket`, which starts it again. Resolves once it is killed. */
  async killAgentUnderManager(): Promise<void> {
    const ends = () => this.agent?.output().split('The command ended.').length;
    const before = ends();
    sendSignal(this.agent?.pid, 'SIGHUP');
    await until(() => ends() !== before);
  }

  /** Registers an SMTP user, with a restriction unless there are no ranges; its id. */
  async register(username: string, ranges: readonly string[] = []): Promise<string> {
    const { body } = await this.acme.admin('POST', '/v1/tenants/acme/smtp-users', { username });
    this.ids.set(username, body.id);
    if (ranges.length > 0) await this.restrict(username, ranges);
    return body.id;
  }

  /** Replaces the user's list. */
  async restrict(username: string, ranges: readonly string[]): Promise<void> {
    const body = { entries: ranges.map((range) => ({ range })) };
    const { status } = await this.acme.admin('PUT', `${this.pathOf(username)}/restriction`, body, { 'if-match': '*' });
    if (status !== 200) throw new Error(`The restriction was not changed: ${status}`);
  }

  /** Sets what relays say to the tenant's users. */
  async setReply(reply: { text: string; helpUrl: string | null; opaque: boolean }): Promise<void> {
    const { status, body } = await this.acme.admin('PUT', '/v1/tenants/acme/reply', reply);
    if (status !== 200) throw new Error(`The reply was not set: ${JSON.stringify(body)}`);
  }

  /** The refused logins of the user in the audit trail, the newest first. */
  async denialsOf(username: string): Promise<{ ip: string; reason: string; relay: string; count: number }[]> {
    return (await this.acme.admin('GET', `${this.pathOf(username)}/denials?limit=500`)).body.items;
  }

  /** A key of the role admin for the tenant `acme`. */
  get adminKey(): string {
    return this.acme.adminKey;
  }

  /** How often the agent was asked, whatever it answered. */
  async questions(): Promise<number> {
    const metrics = await (await fetch(`http://${this.agentAddress}/metrics`)).text();
    const counts = [...metrics.matchAll(/^postern_agent_decisions_total\{.*\} (\d+)$/gm)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** To be ended with the world, before what was started earlier. */
  endsWith(end: () => Promise<unknown>): void {
    this.ends.push(end);
  }

  async end(): Promise<void> {
    for (const end of this.ends.splice(0).toReversed()) await end();
  }

  private pathOf(username: string): string {
    return `/v1/tenants/acme/smtp-users/${this.ids.get(username)}`;
  }
}
