import { hostname } from 'node:os';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseApiKey } from '@postern/contracts';
import { isBaseUrl } from '@postern/relay-client';
import { LOG_LEVELS, readSecretFile, readSettingFile, SettingInvalid } from '@postern/settings';
import type { Address, ListenAddress } from './listen/listen.js';

export type AgentSettings = ReturnType<typeof loadAgentSettings>;

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const baseUrl = z
  .string()
  .refine(isBaseUrl, 'must be an http or https URL without path, query or user, such as https://postern.example');
function addressOf(text: string, context: z.RefinementCtx): Address {
  const path = /^unix:(\/.{1,100})$/.exec(text)?.[1];
  if (path !== undefined) return { path };
  const [, host, port = ''] = /^(\[[0-9a-f:.]+\]|[^:[\]/\s]+):(\d{1,5})$/i.exec(text) ?? [];
  if (host !== undefined && Number(port) <= 65_535) return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  context.addIssue({ code: 'custom', message: 'must be host:port, or unix:/path with a path of at most 101 bytes' });
  return z.NEVER;
}
const address = z.string().transform(addressOf);
const listenAddress = z.string().transform((text, context): ListenAddress => {
  const name = /^systemd:([\w.-]{1,100})$/.exec(text)?.[1];
  return name === undefined ? addressOf(text, context) : { systemd: name };
});
const duration = z.string().transform((text, context) => {
  const [, digits, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (digits !== undefined && Number(digits) > 0) return Number(digits) * (UNITS[unit] ?? 0);
  context.addIssue({ code: 'custom', message: 'must be a time such as 30s, 10m, 24h or 7d' });
  return z.NEVER;
});
const socketMode = z
  .string()
  .regex(/^0?[0-7]{3}$/, 'must be an octal mode such as 0660')
  .transform((text) => Number.parseInt(text, 8));
const owner = z
  .string()
  .regex(/^\d{1,9}:\d{1,9}$/, 'must be uid:gid, two numbers')
  .transform((text) => text.split(':').map(Number))
  .transform(([uid = 0, gid = 0]) => ({ uid, gid }));

const Environment = z.object({
  POSTERN_AGENT_UPSTREAMS: z
    .string()
    .transform((text) => text.split(',').map((each) => each.trim()))
    .pipe(z.array(baseUrl).min(1).max(10, 'must name at most 10 URLs'))
    .default(['http://127.0.0.1:8025'])
    .describe('Postern’s URLs, in order of preference, separated by commas; default: http://127.0.0.1:8025'),
  POSTERN_RELAY_KEY: z.string().optional().describe('the API key of the relay, pst_relay_…'),
  POSTERN_RELAY_KEY_FILE: z.string().optional().describe('or a file with the key; it is read again when it changes'),
  POSTERN_RELAY_NAME: z
    .string()
    .regex(/^[\x21-\x7e]{1,100}$/, 'must have 1 to 100 printable ASCII characters')
    .default(hostname())
    .describe('the name of this relay in its denials; default: the name of the host'),
  POSTERN_AGENT_TLS_CA_FILE: z
    .string()
    .optional()
    .describe('PEM file: the certificate authorities to trust for https upstreams'),
  POSTERN_AGENT_TLS_CERT_FILE: z.string().optional().describe('PEM file: the client certificate for https upstreams'),
  POSTERN_AGENT_TLS_KEY_FILE: z.string().optional().describe('PEM file: its private key'),
  POSTERN_AGENT_DATA_DIR: z
    .string()
    .default('.postern-agent')
    .describe('folder for policies and for denials that wait; default: .postern-agent'),
  POSTERN_AGENT_HTTP: listenAddress
    .default({ host: '127.0.0.1', port: 8035 })
    .describe('host:port or unix:/path for HTTP: decisions, Dovecot, nginx, health, metrics; default: 127.0.0.1:8035'),
  POSTERN_AGENT_POSTFIX: listenAddress
    .optional()
    .describe('host:port or unix:/path for Postfix’s policy delegation; default: off'),
  POSTERN_AGENT_DOVECOT_AUTH: listenAddress
    .optional()
    .describe('host:port, unix:/path or systemd:name for the proxy in front of Dovecot’s auth socket; default: off'),
  POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM: address
    .optional()
    .describe('the auth socket of the real Dovecot, behind the proxy'),
  POSTERN_AGENT_NGINX_BACKEND: httpUrl
    .optional()
    .describe('your own auth_http URL, which is asked first for each nginx login; default: off'),
  POSTERN_AGENT_SOCKET_MODE: socketMode.default(0o660).describe('mode of the unix sockets; default: 0660'),
  POSTERN_AGENT_SOCKET_OWNER: owner.optional().describe('uid:gid of the unix sockets; default: those of the agent'),
  POSTERN_AGENT_UNKNOWN_USER: z
    .enum(['defer', 'allow'], 'must be defer or allow')
    .default('defer')
    .describe('the decision for an unknown user: defer, or allow during a roll-out; default: defer'),
  POSTERN_AGENT_MAX_STALENESS: duration
    .default(86_400_000)
    .describe('time without contact to Postern after which the policies are stale; default: 24h'),
  POSTERN_AGENT_WHEN_STALE: z
    .enum(['continue', 'defer'], 'must be continue or defer')
    .default('continue')
    .describe('with stale policies: continue to decide, or defer every login; default: continue'),
  POSTERN_AGENT_OBSERVE_LOGINS: z
    .enum(['yes', 'no'], 'must be yes or no')
    .default('yes')
    .describe('yes or no: report the addresses from which users log in, counted by the hour; default: yes'),
  POSTERN_LOG_LEVEL: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`)
    .default('info')
    .describe(`${LOG_LEVELS.join(', ')}; default: info`),
});

export const SETTINGS: readonly { readonly name: string; readonly meaning: string }[] = Object.entries(
  Environment.shape,
).map(([name, { description = '' }]) => ({ name, meaning: description }));

const NAMES = new Set(SETTINGS.map(({ name }) => name));

/** An empty value counts as not set. Variables replace settings of the YAML file, which have the same names. @throws `SettingInvalid`. */
export function loadAgentSettings(environment: NodeJS.ProcessEnv, file: string | null) {
  const given = { ...(file === null ? {} : settingsOf(file)), ...withoutEmpty(environment) };
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new SettingInvalid(`${String(issue?.path[0])} ${issue?.message ?? 'is invalid'}`);
  }
  const env = parsed.data;
  return {
    /** Of the relay client. */
    relay: {
      urls: env.POSTERN_AGENT_UPSTREAMS,
      key: relayKey(env.POSTERN_RELAY_KEY, env.POSTERN_RELAY_KEY_FILE),
      relayName: env.POSTERN_RELAY_NAME,
      tls: pemFiles(env),
      dataDir: env.POSTERN_AGENT_DATA_DIR,
      unknownUser: env.POSTERN_AGENT_UNKNOWN_USER,
      maxStalenessMs: env.POSTERN_AGENT_MAX_STALENESS,
      whenStale: env.POSTERN_AGENT_WHEN_STALE,
      observeLogins: env.POSTERN_AGENT_OBSERVE_LOGINS === 'yes',
    },
    relayKeyFile: env.POSTERN_RELAY_KEY_FILE,
    http: env.POSTERN_AGENT_HTTP,
    /** Undefined: off, like `dovecotAuth` and `nginxBackend`. */
    postfix: env.POSTERN_AGENT_POSTFIX,
    dovecotAuth: proxy(env.POSTERN_AGENT_DOVECOT_AUTH, env.POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM),
    nginxBackend: env.POSTERN_AGENT_NGINX_BACKEND,
    socketAccess: { mode: env.POSTERN_AGENT_SOCKET_MODE, owner: env.POSTERN_AGENT_SOCKET_OWNER ?? null },
    logLevel: env.POSTERN_LOG_LEVEL,
  };
}

/** A line for each upstream that gets the relay key without TLS. */
export function keyInClear(upstreams: readonly string[]): string[] {
  return upstreams
    .filter((url) => !/^(https:|http:\/\/(localhost|127\.[\d.]+|\[::1\])[:/])/.test(new URL(url).href))
    .map((url) => `upstream ${url}: http sends the relay key unencrypted to another host; use https`);
}

/** @throws `SettingInvalid`. */
export function readRelayKeyFile(file: string): string {
  return checkedKey('POSTERN_RELAY_KEY_FILE', readSecretFile('POSTERN_RELAY_KEY_FILE', file).trim());
}

function withoutEmpty(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

function settingsOf(file: string): NodeJS.ProcessEnv {
  let document: unknown;
  const text = readSettingFile('--config', file);
  try {
    document = parse(text) ?? {};
  } catch (error) {
    throw new SettingInvalid(`${file} must be YAML: ${(error as Error).message}`);
  }
  if (typeof document !== 'object' || Array.isArray(document))
    throw new SettingInvalid(`${file} must have lines such as POSTERN_AGENT_POSTFIX: 127.0.0.1:10027`);
  const entries = Object.entries(document as object).map(([name, value]): [string, string] => {
    if (!NAMES.has(name))
      throw new SettingInvalid(`${file} has ${name}, which is not a setting. postern-agent --help lists them.`);
    if (value === null) return [name, ''];
    if (typeof value === 'string') return [name, value];
    // A number is refused: YAML reads the mode 0660 as 660, or as 432.
    throw new SettingInvalid(`${name} in ${file} must be a text: put it between quotes`);
  });
  return withoutEmpty(Object.fromEntries(entries));
}

function relayKey(key: string | undefined, file: string | undefined): string {
  if (key !== undefined && file !== undefined)
    throw new SettingInvalid('POSTERN_RELAY_KEY must not be set together with POSTERN_RELAY_KEY_FILE');
  if (key !== undefined) return checkedKey('POSTERN_RELAY_KEY', key);
  if (file !== undefined) return readRelayKeyFile(file);
  throw new SettingInvalid(
    'POSTERN_RELAY_KEY or POSTERN_RELAY_KEY_FILE must be set. An operator issues a key: postern keys issue relay --name mx1',
  );
}

function checkedKey(name: string, key: string): string {
  if (parseApiKey(key)?.role === 'relay') return key;
  throw new SettingInvalid(`${name} must be an API key of the role relay, pst_relay_<id>_<secret>`);
}

function pemFiles(env: z.output<typeof Environment>): { ca?: string; cert?: string; key?: string } {
  const { POSTERN_AGENT_TLS_CA_FILE: ca, POSTERN_AGENT_TLS_CERT_FILE: cert, POSTERN_AGENT_TLS_KEY_FILE: key } = env;
  if ((cert === undefined) !== (key === undefined))
    throw new SettingInvalid('POSTERN_AGENT_TLS_CERT_FILE and POSTERN_AGENT_TLS_KEY_FILE must be set together');
  return {
    ...(ca && { ca: readSettingFile('POSTERN_AGENT_TLS_CA_FILE', ca) }),
    ...(cert && { cert: readSettingFile('POSTERN_AGENT_TLS_CERT_FILE', cert) }),
    ...(key && { key: readSettingFile('POSTERN_AGENT_TLS_KEY_FILE', key) }),
  };
}

function proxy(listen: ListenAddress | undefined, upstream: Address | undefined) {
  if (listen && upstream) return { listen, upstream };
  if (!listen && !upstream) return undefined;
  throw new SettingInvalid('POSTERN_AGENT_DOVECOT_AUTH and POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM must be set together');
}
