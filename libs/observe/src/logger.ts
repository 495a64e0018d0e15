import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from '@postern/settings';

/** Lines that wait for a slow reader of standard error. More lines are lost, and the service continues. */
export const LOG_BUFFER_BYTES = 8_388_608;
/** Lines are written in batches, after 100 ms at most: single writes took a twentieth of a busy process's time. */
const BATCH_BYTES = 8_192;
const BATCH_MS = 100;

/** Removes keys, passwords and `secrets` everywhere. `to` is for tests. */
export function createLogger(
  level: LogLevel,
  secrets: readonly string[] = [],
  to: DestinationStream = standardError(),
): Logger {
  const clean = secretsRemover(secrets);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['authorization', 'key', 'password', '*.authorization', '*.key', '*.password'],
        censor: '[taken out]',
      },
    },
    { write: (line) => to.write(clean(line)) },
  );
}

/** If nobody reads (a closed terminal), lines are lost: the process must not end in the middle of its stop. */
function standardError(): DestinationStream {
  return pino
    .destination({ fd: 2, sync: false, maxLength: LOG_BUFFER_BYTES, minLength: BATCH_BYTES, periodicFlush: BATCH_MS })
    .on('error', () => undefined);
}

/** Nest passes the context as the last parameter, and a stack before it. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(level: 'fatal' | 'error' | 'warn' | 'debug', message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    const fields = message !== null && typeof message === 'object' ? message : { msg: String(message) };
    const stack = rest.length > 1 ? { stack: rest[0] } : {};
    this.logger[level]({ context, ...stack, ...(message instanceof Error ? { err: message } : fields) });
  }
}

const TAKEN_OUT = '[taken out]';

/** Also cut, or percent-encoded. The key's id is not secret and stays. `_` and `%` also match: keys may be joined. */
const API_KEY = /(pst(?:_|%(?:25)*5F)[a-z]{1,16}(?:_|%(?:25)*5F)[A-Za-z0-9-]{1,64}(?:_|%(?:25)*5F))[A-Za-z0-9_%-]+/gi;
/** A session cookie's or sign-in link's secret: 48 hex digits. Hashes and ids have other lengths. */
const SESSION = /(\.|code(?:=|%(?:25)*3D))[0-9a-f]{48}(?![0-9a-f])/gi;
const URL_PASSWORD = /([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"\\]{0,256}:)[^\s/@"\\]{1,1024}@/gi;
const AUTHORIZATION = /((?:Bearer|Basic)(?:\s|%(?:25)*20|\+)+)(?!pst_)[A-Za-z0-9._~+/=-]{8,}/gi;

export function secretsRemover(secrets: readonly string[]): (text: string) => string {
  const own = pattern(secrets);
  return (text) => {
    const cleaned = text
      .replace(API_KEY, `$1${TAKEN_OUT}`)
      .replace(AUTHORIZATION, `$1${TAKEN_OUT}`)
      .replace(SESSION, `$1${TAKEN_OUT}`);
    // Searched first: the pattern alone took 4 of the 5 µs of a line.
    const urls = cleaned.includes('://') ? cleaned.replace(URL_PASSWORD, `$1${TAKEN_OUT}@`) : cleaned;
    return own ? urls.replace(own, TAKEN_OUT) : urls;
  };
}

/** As JSON writes them, only as words: a password `postern` must not change `postern_feed`. */
function pattern(secrets: readonly string[]): RegExp | null {
  const words = [...new Set(secrets)]
    .filter((secret) => secret !== '')
    .map((secret) =>
      JSON.stringify(secret)
        .slice(1, -1)
        .replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
    );
  if (words.length === 0) return null;
  return new RegExp(`(?<=^|[^\\w-]|\\\\[nrt])(?:${words.join('|')})(?![\\w-])`, 'g');
}
