import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { parseApiKey } from '../access/api-key.js';
import { trustedProxies } from '../http/source-address.js';

/** What the process was told by its environment; every name is `POSTERN_…`. */
export interface Settings {
  readonly httpHost: string;
  readonly httpPort: number;
  readonly dataDir: string;
  /** The owner's connection URL. Null: the embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  /** The first operator's key. Null: one is made at the first start. */
  readonly operatorKey: string | null;
  /** Whose `X-Forwarded-For` and `Forwarded` is believed. */
  readonly trustedProxies: BlockList;
  readonly logLevel: LogLevel;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A setting that stops the start; its message is one line that names the setting. */
export class SettingInvalid extends Error {
  override readonly name = 'SettingInvalid';
}

const port = z.coerce.number().int().min(0).max(65_535);
const Environment = z.object({
  POSTERN_HTTP_HOST: z
    .string()
    .refine((host) => isIP(host) !== 0 || host === 'localhost', 'must be an IP address or localhost')
    .default('127.0.0.1'),
  POSTERN_HTTP_PORT: port.default(8025),
  POSTERN_DATA_DIR: z.string().min(1).default('.postern'),
  POSTERN_DATABASE_URL: z
    .string()
    .refine(isPostgresUrl, 'must read postgresql://user:password@host:port/database, with the password')
    .optional(),
  POSTERN_OPERATOR_KEY: z
    .string()
    .refine(
      (key) => parseApiKey(key)?.role === 'operator',
      'must read pst_operator_<id>_<secret of 16 or more characters>',
    )
    .optional(),
  POSTERN_KAFKA_BROKERS: z
    .undefined('is not supported by this version: leave it out, and the embedded bus is used')
    .optional(),
  POSTERN_TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((text, context) => {
      const proxies = trustedProxies(text);
      if (proxies instanceof BlockList) return proxies;
      context.addIssue({
        code: 'custom',
        message: `must be CIDRs separated by commas; ${JSON.stringify(proxies.wrong)} is none`,
      });
      return z.NEVER;
    }),
  POSTERN_LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
});

/**
 * Reads the settings. An empty variable counts as not set.
 * Throws `SettingInvalid` at the first bad one.
 */
export function loadSettings(environment: NodeJS.ProcessEnv): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0]);
    // Keys and connection URLs hold secrets: their values are not repeated.
    const shown = /KEY|URL/.test(name) ? '' : ` (it is ${JSON.stringify(given[name])})`;
    throw new SettingInvalid(`${name} ${issue?.message ?? 'is invalid'}${shown}`);
  }
  const env = parsed.data;
  return {
    httpHost: env.POSTERN_HTTP_HOST,
    httpPort: env.POSTERN_HTTP_PORT,
    dataDir: env.POSTERN_DATA_DIR,
    databaseUrl: env.POSTERN_DATABASE_URL ?? null,
    operatorKey: env.POSTERN_OPERATOR_KEY ?? null,
    trustedProxies: env.POSTERN_TRUSTED_PROXIES,
    logLevel: env.POSTERN_LOG_LEVEL,
  };
}

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return /^postgres(ql)?:$/.test(url.protocol) && url.password !== '' && url.pathname.length > 1;
}
