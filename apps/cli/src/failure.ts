import { EXIT, type ExitCode } from './exit-codes.js';

/** Ends the command with an exit code and a message that tells its reader what to do next. */
export class Failure extends Error {
  override readonly name: string = 'Failure';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The command line or its surroundings are not right. */
export function usageFailure(message: string): Failure {
  return new Failure(EXIT.usage, message);
}

/** The problem (RFC 9457) with which Postern answered, as far as it came. */
export interface ProblemDocument {
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly code?: string;
  readonly requestId?: string;
  readonly version?: number;
  readonly errors?: readonly {
    readonly pointer?: string;
    readonly code?: string;
    readonly detail?: string;
    readonly suggestions?: readonly string[];
  }[];
}

/** Postern answered, and not with what was asked for. */
export class RequestRefused extends Failure {
  override readonly name = 'RequestRefused';

  constructor(
    readonly problem: ProblemDocument,
    readonly status: number,
    /** The body that was sent, so that a complaint about a field can show what stood there. */
    readonly sent: unknown,
  ) {
    super(
      status >= 500 || status === 429 ? EXIT.unavailable : EXIT.refused,
      problem.detail ?? problem.title ?? `HTTP ${status}`,
    );
  }
}
