import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createAcme,
  runCommand,
  startCommand,
  startPosternProcess,
  until,
  type PosternProcess,
  type RunningCommand,
} from '@postern/testing';
import { exchange } from './testing/test-agent.js';

const USERNAME = 'app@acme.example';
const [RIGHT, WRONG] = ['203.0.113.42', '198.51.100.7'];

let folder: string;
let postern: PosternProcess;
let acme: Awaited<ReturnType<typeof createAcme>>;
let userId: string;
let agents: RunningCommand[];
beforeEach(async () => {
  agents = [];
  folder = await mkdtemp(join(tmpdir(), 'postern-agent-e2e-'));
  postern = await startPostern();
  acme = await createAcme(postern.url, postern.operatorKey);
  userId = (await acme.admin('POST', '/v1/tenants/acme/smtp-users', { username: USERNAME })).body.id;
  await acme.admin('POST', `${user()}/restriction/entries`, { entries: [{ range: RIGHT }] });
});
afterEach(async () => {
  await postern.end('SIGTERM');
  for (const agent of agents) agent.child.kill('SIGKILL');
  await Promise.all(agents.map(({ end }) => end));
  await rm(folder, { recursive: true, force: true });
});

function user(): string {
  return `/v1/tenants/acme/smtp-users/${userId}`;
}

/** On the port that it had before, if it had one. */
function startPostern(port = '0'): Promise<PosternProcess> {
  return startPosternProcess({ POSTERN_DATA_DIR: join(folder, 'postern'), POSTERN_HTTP_PORT: port });
}

function settings(): Record<string, string> {
  return {
    POSTERN_RELAY_KEY: acme.relayKey,
    POSTERN_RELAY_NAME: 'mx1',
    POSTERN_AGENT_UPSTREAMS: postern.url,
    POSTERN_AGENT_DATA_DIR: join(folder, 'agent'),
    POSTERN_AGENT_HTTP: '127.0.0.1:0',
    POSTERN_AGENT_POSTFIX: `unix:${join(folder, 'policy')}`,
  };
}

/** Resolves to its URL once it is ready. */
async function startAgent(): Promise<{ url: string; agent: RunningCommand }> {
  const agent = startCommand('relay-agent', [], settings());
  agents.push(agent);
  await until(() => agent.out().includes('Ctrl-C') || agent.child.exitCode !== null);
  const url = /is ready at (\S+)/.exec(agent.out())?.[1];
  if (!url) throw new Error(`The agent did not start: ${agent.out()}${agent.err()}`);
  return { url, agent };
}

async function decide(url: string, ip: string): Promise<unknown> {
  const body = JSON.stringify({ username: USERNAME, ip });
  return (await (await fetch(`${url}/decisions`, { method: 'POST', body })).json()) as unknown;
}

function askPostfix(ip: string): Promise<string> {
  const request = `request=smtpd_access_policy\nsasl_username=${USERNAME}\nclient_address=${ip}\n\n`;
  return exchange({ path: join(folder, 'policy') }, request, { until: '\n\n' });
}

async function deniedIps(): Promise<unknown[]> {
  const { body } = await acme.admin('GET', `${user()}/denials`);
  return body.items.map(({ ip }: { ip: string }) => ip);
}

describe('an agent next to a mail server', () => {
  it('decides on while Postern is killed, and delivers the denials once it is back', async () => {
    const { url, agent } = await startAgent();
    await until(async () => ((await decide(url, RIGHT)) as { decision: string }).decision === 'allow');
    expect(await askPostfix(RIGHT)).toBe('action=DUNNO\n\n');

    const port = new URL(postern.url).port;
    await postern.end('SIGKILL');
    expect(await decide(url, RIGHT)).toMatchObject({ decision: 'allow', reason: 'entry-matched' });
    expect(await askPostfix(WRONG)).toBe('action=535 5.7.1 IP not authorized\n\n');
    expect(await decide(url, '192.0.2.9')).toMatchObject({ decision: 'deny', reason: 'ip-not-authorized' });

    postern = await startPostern(port);
    await until(async () => (await deniedIps()).length === 2);
    expect(new Set(await deniedIps())).toEqual(new Set([WRONG, '192.0.2.9']));

    agent.child.kill('SIGTERM');
    expect(await agent.end).toMatchObject({ code: 0, out: expect.stringContaining('The relay agent has stopped.') });
  });

  it('decides from its data folder when it starts while Postern is down', async () => {
    const first = await startAgent();
    await until(async () => ((await decide(first.url, RIGHT)) as { decision: string }).decision === 'allow');
    first.agent.child.kill('SIGTERM');
    await first.agent.end;
    const port = new URL(postern.url).port;
    await postern.end('SIGKILL');

    const { url } = await startAgent();
    expect(await decide(url, RIGHT)).toMatchObject({ decision: 'allow', reason: 'entry-matched' });
    expect(await askPostfix(WRONG)).toBe('action=535 5.7.1 IP not authorized\n\n');
    postern = await startPostern(port);
    await until(async () => (await deniedIps()).length === 1);
  });

  it('takes the socket over that a killed agent left', async () => {
    const { agent } = await startAgent();
    agent.child.kill('SIGKILL');
    await agent.end;
    await startAgent();
    expect(
      await until(
        () => askPostfix(RIGHT),
        'its answer',
        (answer) => !answer.includes('DEFER'),
      ),
    ).toBe('action=DUNNO\n\n');
  });
});

describe('postern-agent check-config', () => {
  it('reports what is right and what is wrong, by its exit code too', async () => {
    const right = await runCommand('relay-agent', ['check-config'], settings());
    expect(right.out).toContain(`ok      upstream ${postern.url}: accepts the relay key "mx1"\n`);
    expect(right.code).toBe(0);
    const wrong = await runCommand('relay-agent', ['check-config'], {
      ...settings(),
      POSTERN_RELAY_KEY: acme.relayKey.replace(/.{4}$/, '0000'),
      POSTERN_AGENT_UPSTREAMS: `${postern.url},http://postern.test:1`,
      POSTERN_AGENT_POSTFIX: 'unix:/nowhere/policy',
      POSTERN_AGENT_NGINX_BACKEND: 'http://127.0.0.1:1/auth',
    });
    expect(wrong.code).toBe(1);
    expect(wrong.out).toContain(`WRONG   upstream ${postern.url}: refuses the relay key`);
    expect(wrong.out).toContain(
      'WRONG   POSTERN_AGENT_POSTFIX unix:/nowhere/policy is in a folder that does not exist: create it',
    );
    expect(wrong.out).toContain('WARNING upstream http://postern.test:1: http sends the relay key unencrypted');
    expect(wrong.out).toMatch(/WRONG {3}upstream http:\/\/postern\.test:1: cannot be reached \(.+\): check the URL/);
    expect(wrong.out).toContain('WRONG   POSTERN_AGENT_NGINX_BACKEND 127.0.0.1:1: nothing answers there');
  });

  it('says in one line which setting is wrong, as the start does', async () => {
    for (const args of [[], ['check-config']]) {
      const { code, err } = await runCommand('relay-agent', args, { ...settings(), POSTERN_AGENT_HTTP: '8035' });
      expect([code, err]).toEqual([
        1,
        'POSTERN_AGENT_HTTP must be host:port, or unix:/path with a path of at most 101 bytes\n',
      ]);
    }
  });

  it('lists every setting in its help', async () => {
    const { code, out } = await runCommand('relay-agent', ['--help'], {});
    expect(code).toBe(0);
    expect(out).toContain('\n  POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM\n');
  });
});
