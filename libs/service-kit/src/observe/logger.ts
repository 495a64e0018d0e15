import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import type { LogLevel } from '../settings/settings.js';

/** The process's logger: JSON lines on standard error; keys and passwords are taken out wherever they stand. */
export function createLogger(level: LogLevel): Logger {
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
    pino.destination({ fd: 2, sync: true }),
  );
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
