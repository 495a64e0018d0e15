import { DatabaseUnreachable, QueryGivenUp } from '@postern/database';
import { QueryFailedError } from 'typeorm';
import { counter } from '@postern/observe';
import { Problem } from './problem.js';

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);

/** SQLSTATE: class 08 connection, 53 resources (connections, disk full), 57 operator intervention, 58 system. */
const SERVER = /^(08|53|57P|58)|^(57014|55P03|25P03|25P04|40001|40P01)$/;

/** `pg` and `pg-pool` give these no code. */
const DRIVER = [
  /^Connection terminated/,
  /timeout exceeded when trying to connect/i,
  /not queryable/,
  /^Client was closed/,
  /Cannot use a pool after calling end/,
  /Driver not Connected/i,
  // TypeORM reports this for the next statement of a transaction whose connection broke.
  /query runner (was )?already released/i,
];

/** Does not count other reasons for 503: a probe, a version that does not arrive, policies that are being built. */
export const databaseFailures = counter(
  'postern_database_failures_total',
  'Requests that failed because the database could not be reached, did not answer in time, or was slower than the writes.',
);

export function databaseFailed(detail: string, cause?: unknown): Problem {
  return new Problem('not-ready', detail, { headers: { 'retry-after': '1' }, cause, databaseFailed: true });
}

export function databaseProblem(error: unknown): Problem | null {
  if (!isDatabaseGone(error)) return null;
  return databaseFailed('The database cannot be reached just now. Send it again shortly.', error);
}

/** By its fields: an error of Node's core may be from another realm. */
function isDatabaseGone(error: unknown): boolean {
  if (error instanceof DatabaseUnreachable || error instanceof QueryGivenUp) return true;
  if (error instanceof QueryFailedError && error.driverError instanceof QueryGivenUp) return true;
  if (typeof error !== 'object' || error === null) return false;
  const { errors, message } = error as { errors?: unknown; message?: unknown };
  // Several addresses of one host, each refused.
  if (Array.isArray(errors) && errors.some(isDatabaseGone)) return true;
  const code = sqlState(error);
  if (code !== undefined) return SERVER.test(code) || isNetworkCode(error, code);
  return typeof message === 'string' && DRIVER.some((pattern) => pattern.test(message));
}

/** By `syscall`: `ENOENT` counts only if it was a socket, not a file. */
function isNetworkCode(error: object, code: string): boolean {
  const syscall = String((error as { syscall?: unknown }).syscall ?? 'connect');
  return NETWORK.has(code) && /^(connect|read|write|getaddrinfo)/.test(syscall);
}

interface DriverError {
  readonly code?: string;
  readonly constraint?: string;
}

export function sqlState(error: unknown): string | undefined {
  return driverError(error).code;
}

export function violates(error: unknown, constraint: string): boolean {
  const driver = driverError(error);
  return driver.code === '23505' && driver.constraint === constraint;
}

function driverError(error: unknown): DriverError {
  return (error instanceof QueryFailedError ? error.driverError : (error ?? {})) as DriverError;
}
