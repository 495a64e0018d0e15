import { QueryFailedError } from 'typeorm';

interface DriverError {
  readonly code?: string;
  readonly constraint?: string;
}

/** The SQLSTATE of a failed statement, or Node's code of a failed connection. */
export function sqlState(error: unknown): string | undefined {
  return driverError(error).code;
}

/** Whether it is the unique constraint or index of that name which was violated. */
export function violates(error: unknown, constraint: string): boolean {
  const driver = driverError(error);
  return driver.code === '23505' && driver.constraint === constraint;
}

function driverError(error: unknown): DriverError {
  return (error instanceof QueryFailedError ? error.driverError : (error ?? {})) as DriverError;
}
