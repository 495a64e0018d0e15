import type { Logger } from 'pino';
import { RelayClient } from '@postern/relay-client';
import { BUILD, collectProcessMetrics } from '@postern/observe';
import type { Running } from '@postern/process-life';
import { openDataFolder, SettingInvalid } from '@postern/settings';
import { ageSeconds, connectionErrors, countDecision, observeAgent, problems } from './agent-metrics.js';
import { serveDovecotAuth } from './dovecot-auth/dovecot-auth-proxy.js';
import { httpServer, stopHttpServer } from './http/http-server.js';
import { agentRoutes } from './http/routes.js';
import { addressText, listenAt } from './listen/listen.js';
import { Listener, type ListenerOptions } from './listen/listener.js';
import { lockFolder } from './lock-folder.js';
import type { LoginCheck } from './login-check.js';
import { backendAt } from './nginx-auth/ask-backend.js';
import { servePostfixPolicy } from './postfix-policy/postfix-policy.js';
import { followRelayKey } from './relay-key.js';
import { type AgentSettings, keyInClear } from './settings.js';

/** A busy Postfix has some hundred `smtpd`, each with one connection to a socket. */
const MAX_CONNECTIONS = 4_096;
/** Below Postfix's wait for the greeting on a socket of systemd (10 s). */
const START_WITHIN_MS = 5_000;
/** Twice as long as Postfix keeps an idle connection to its policy server. */
const POSTFIX_IDLE_MS = 600_000;

/** Loads the policies, then answers mail servers; after 5 s even without policies. @throws `SettingInvalid`, with nothing left running. */
export async function startAgent(settings: AgentSettings, logger: Logger): Promise<Running> {
  const agent = new Agent(settings, logger);
  try {
    return await agent.start();
  } catch (error) {
    await agent.stop();
    throw error;
  }
}

class Agent {
  /** In the order of their start. */
  private readonly ends: (() => Promise<void> | void)[] = [];
  private readonly listeners = new Map<string, Listener>();
  private readonly client: RelayClient;

  constructor(
    private readonly settings: AgentSettings,
    private readonly logger: Logger,
  ) {
    this.client = new RelayClient({
      ...settings.relay,
      client: `postern-relay-agent/${BUILD.version}`,
      startWithinMs: START_WITHIN_MS,
      onProblem: ({ code, detail }) => {
        problems.inc({ code });
        logger.warn({ code }, detail);
      },
    });
  }

  async start(): Promise<Running> {
    const { settings, client, logger } = this;
    const { relay, postfix, dovecotAuth, relayKeyFile } = settings;
    for (const warning of keyInClear(relay.urls)) logger.warn(warning);
    const folder = await openDataFolder(relay.dataDir, 'POSTERN_AGENT_DATA_DIR');
    this.ends.push(await lockFolder(folder));
    if (relayKeyFile) this.ends.push(followRelayKey(relayKeyFile, client, logger));
    this.ends.push(() => client.stop());
    await client.start().catch((error: Error) => {
      throw new SettingInvalid(error.message.replace('dataDir', `POSTERN_AGENT_DATA_DIR ${folder}`), { cause: error });
    });
    const http = await this.listenHttp();
    if (postfix) {
      const check = this.checkFor('postfix-policy');
      await this.listen('postfix-policy', {
        setting: 'POSTERN_AGENT_POSTFIX',
        address: postfix,
        idleMs: POSTFIX_IDLE_MS,
        serve: (...connection) => servePostfixPolicy(check, ...connection),
      });
    }
    if (dovecotAuth) {
      const check = this.checkFor('dovecot-auth');
      await this.listen('dovecot-auth', {
        setting: 'POSTERN_AGENT_DOVECOT_AUTH',
        address: dovecotAuth.listen,
        // Postfix answers 454 to the first login on a connection that was closed in between.
        idleMs: 0,
        serve: (...connection) => serveDovecotAuth(dovecotAuth.upstream, check, ...connection),
      });
    }
    collectProcessMetrics();
    observeAgent({
      client,
      connections: () => Object.fromEntries([...this.listeners].map(([name, each]) => [name, each.connections])),
    });
    const details = [...this.listeners].map(([name, { address }]) => `  ${name.padEnd(16)}${addressText(address)}`);
    return { url: http, details, stop: () => this.stop() };
  }

  /** Listeners first, so that every answered denial is sent or stored. */
  async stop(): Promise<void> {
    for (const end of this.ends.toReversed()) await end();
  }

  private async listenHttp(): Promise<string> {
    const { nginxBackend, http, socketAccess } = this.settings;
    const routes = agentRoutes({
      checkFor: (protocol) => this.checkFor(protocol),
      dryRun: ({ username, ip }) => this.client.peek(username, ip),
      askBackend: nginxBackend === undefined ? null : backendAt(nginxBackend),
      missing: () => this.missing(),
      condition: () => this.condition(),
    });
    const server = httpServer(routes, (error) => this.logger.error({ err: error }, 'a request was not answered'));
    const address = await listenAt(server, http, socketAccess, 'POSTERN_AGENT_HTTP');
    this.ends.push(() => stopHttpServer(server));
    return 'port' in address ? `http://${addressText(address)}` : addressText(address);
  }

  private async listen(protocol: string, options: Omit<ListenerOptions, 'access' | 'maxConnections' | 'onError'>) {
    const listener = await Listener.listen({
      ...options,
      access: this.settings.socketAccess,
      maxConnections: MAX_CONNECTIONS,
      onError: (error) => {
        connectionErrors.inc({ protocol });
        this.logger.warn({ protocol, err: error }, 'a connection was closed');
      },
    });
    this.listeners.set(protocol, listener);
    this.ends.push(() => listener.stop());
  }

  private checkFor(protocol: string): LoginCheck {
    return async ({ username, ip }) => {
      const decision = await this.client.check(username, ip);
      countDecision(protocol, decision);
      return decision;
    };
  }

  private missing(): Record<string, string> {
    const { state } = this.client.status();
    if (state === 'waiting') return { policies: 'none yet: Postern has not answered, and there are none on disk' };
    if (state === 'stale')
      return { policies: 'too old: Postern has not answered for longer than POSTERN_AGENT_MAX_STALENESS' };
    return {};
  }

  private condition(): object {
    const status = this.client.status();
    return {
      policies: {
        held: status.policies,
        revision: status.revision,
        ageSeconds: ageSeconds(status),
        lagSeconds: status.lagSeconds,
      },
      connected: status.connected,
      keyRefused: status.keyRefused,
      denials: { waiting: status.queuedDenials, dropped: status.droppedDenials },
    };
  }
}
