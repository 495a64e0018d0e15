import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from '@postern/settings';
import { secretsRemover } from './secrets.js';

/** Lines that wait for a reader of standard error that is slow or stuck; what comes above this is lost, and the service goes on. */
export const LOG_BUFFER_BYTES = 8_388_608;

/**
 * The process's logger: JSON lines on standard error. Keys and passwords are taken out wherever they stand, and so is
 * each of `secrets`. `to` is for tests.
 */
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

/** Where nobody can take a line any more (a closed terminal), it is lost: a process is not to end in the midst of its stop. */
function standardError(): DestinationStream {
  return pino.destination({ fd: 2, sync: false, maxLength: LOG_BUFFER_BYTES }).on('error', () => undefined);
}

/** Nest's logger on pino: Nest gives the context as the last parameter and a stack before it. */
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
