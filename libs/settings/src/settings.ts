import { BlockList, isIP } from 'node:net';
import type { KafkaSettings } from '@postern/event-bus';
import { z } from 'zod';
import { parseApiKey } from '@postern/contracts';
import { trustedProxies } from './trusted-proxies.js';
import { KafkaEnvironment, kafkaSettings } from './kafka-settings.js';
import { readSecretFile, requestsPerSecond, SettingInvalid, wholeNumber } from './setting-values.js';

export interface Rate {
  /** Tokens added per second; 0 disables the limit. */
  readonly perSecond: number;
  readonly burst: number;
}

export interface Settings {
  readonly httpHost: string;
  readonly httpPort: number;
  readonly dataDir: string;
  /** The owner's. Null: the embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  /** Null: the embedded bus. */
  readonly kafka: KafkaSettings | null;
  /** Null: one is created at the first start. */
  readonly operatorKey: string | null;
  /** Their `X-Forwarded-For` and `Forwarded` are trusted. */
  readonly trustedProxies: BlockList;
  readonly logLevel: LogLevel;
  /** Per API key. */
  readonly rateLimit: Rate;
  /** Per address, for requests without a valid API key. */
  readonly failedAuthLimit: Rate;
  /** More connections are closed at once. */
  readonly maxConnections: number;
  /** 0: for ever. */
  readonly denialRetentionDays: number;
  /** 0: for ever. */
  readonly loginsRetentionDays: number;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Far above the load of a normal caller: only a runaway loop reaches it. */
const DEFAULT_RATE_LIMIT: Rate = { perSecond: 5_000, burst: 20_000 };
/** A fleet of relays with a revoked key sends a few requests per second. */
const DEFAULT_FAILED_AUTH_LIMIT: Rate = { perSecond: 20, burst: 200 };
const DEFAULT_MAX_CONNECTIONS = 10_000;
/** Of the process with the complete API, or of the proxy before the services. */
const DEFAULT_PORT = 8025;

const perSecond = requestsPerSecond(1_000_000);
const burst = wholeNumber(1, 10_000_000, 'of requests');

export const Environment = z.object({
  POSTERN_HTTP_HOST: z
    .string()
    .refine((host) => isIP(host) !== 0 || host === 'localhost', 'must be an IP address or localhost')
    .default('127.0.0.1'),
  POSTERN_HTTP_PORT: wholeNumber(1, 65_535, '', 'for any that is free'),
  POSTERN_DATA_DIR: z.string().default('.postern'),
  POSTERN_DATABASE_URL: z
    .string()
    .refine(isPostgresUrl, 'must read postgresql://user:password@host:port/database, with the password')
    .optional(),
  POSTERN_DATABASE_URL_FILE: z.string().optional(),
  POSTERN_OPERATOR_KEY: z
    .string()
    .refine(
      (key) => parseApiKey(key)?.role === 'operator',
      'must read pst_operator_<id>_<secret of 16 or more characters>',
    )
    .optional(),
  ...KafkaEnvironment.shape,
  POSTERN_TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((text, context) => {
      const proxies = trustedProxies(text);
      if (proxies instanceof BlockList) return proxies;
      context.addIssue({ code: 'custom', message: `must be addresses and CIDRs separated by commas. ${proxies.why}` });
      return z.NEVER;
    }),
  POSTERN_LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  POSTERN_RATE_LIMIT_PER_SECOND: perSecond.default(DEFAULT_RATE_LIMIT.perSecond),
  POSTERN_RATE_LIMIT_BURST: burst.default(DEFAULT_RATE_LIMIT.burst),
  POSTERN_FAILED_AUTH_PER_SECOND: perSecond.default(DEFAULT_FAILED_AUTH_LIMIT.perSecond),
  POSTERN_FAILED_AUTH_BURST: burst.default(DEFAULT_FAILED_AUTH_LIMIT.burst),
  POSTERN_MAX_CONNECTIONS: wholeNumber(10, 1_000_000).default(DEFAULT_MAX_CONNECTIONS),
  POSTERN_DENIAL_RETENTION_DAYS: wholeNumber(1, 36_500, 'of days', 'to keep denials for ever').default(90),
  POSTERN_LOGINS_RETENTION_DAYS: wholeNumber(1, 36_500, 'of days', 'to keep observed sources for ever').default(90),
});

/** An empty variable counts as not set. @throws `SettingInvalid` for the first wrong one. */
export function loadSettings(environment: NodeJS.ProcessEnv, defaultPort = DEFAULT_PORT): Settings {
  const set = Object.entries(environment).filter(([, value]) => value !== '');
  const given = withDatabaseUrl({ POSTERN_HTTP_PORT: String(defaultPort), ...Object.fromEntries(set) });
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0]);
    // Values with secrets are not shown.
    const shown = /KEY|URL|PASSWORD/.test(name) ? '' : ` (it is ${JSON.stringify(given[name] ?? '')})`;
    throw new SettingInvalid(`${name} ${issue?.message ?? 'is invalid'}${shown}`);
  }
  const env = parsed.data;
  return {
    httpHost: env.POSTERN_HTTP_HOST,
    httpPort: env.POSTERN_HTTP_PORT,
    dataDir: env.POSTERN_DATA_DIR,
    databaseUrl: env.POSTERN_DATABASE_URL ?? null,
    kafka: kafkaSettings(env),
    operatorKey: env.POSTERN_OPERATOR_KEY ?? null,
    trustedProxies: env.POSTERN_TRUSTED_PROXIES,
    logLevel: env.POSTERN_LOG_LEVEL,
    rateLimit: { perSecond: env.POSTERN_RATE_LIMIT_PER_SECOND, burst: env.POSTERN_RATE_LIMIT_BURST },
    failedAuthLimit: { perSecond: env.POSTERN_FAILED_AUTH_PER_SECOND, burst: env.POSTERN_FAILED_AUTH_BURST },
    maxConnections: env.POSTERN_MAX_CONNECTIONS,
    denialRetentionDays: env.POSTERN_DENIAL_RETENTION_DAYS,
    loginsRetentionDays: env.POSTERN_LOGINS_RETENTION_DAYS,
  };
}

function withDatabaseUrl(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const file = environment['POSTERN_DATABASE_URL_FILE'];
  if (file === undefined) return environment;
  if (environment['POSTERN_DATABASE_URL'] !== undefined)
    throw new SettingInvalid('POSTERN_DATABASE_URL must not be set together with POSTERN_DATABASE_URL_FILE');
  // An empty file is a wrong URL: it must not start the embedded database.
  return { ...environment, POSTERN_DATABASE_URL: readSecretFile('POSTERN_DATABASE_URL_FILE', file) };
}

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return /^postgres(ql)?:$/.test(url.protocol) && url.password !== '' && url.pathname.length > 1;
}
