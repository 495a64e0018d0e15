import type { Schema } from './schema.js';
import { counted, printable, shortTime } from '@postern/terminal';

/** Exit codes. Scripts rely on them: docs/cli.md and `postern --help` list them. */
export const EXIT = {
  ok: 0,
  /** The answer is no: the address is not allowed, Postern is not ready, or you declined. */
  no: 1,
  /** The command line, the environment or a file is wrong; nothing was changed. */
  usage: 2,
  /** Postern refused the request (4xx), or something does not exist. */
  refused: 3,
  /** Postern is unreachable, too slow, or failed (5xx). */
  unavailable: 4,
} as const;

export class Failure extends Error {
  override readonly name: string = 'Failure';

  constructor(
    readonly exitCode: (typeof EXIT)[keyof typeof EXIT],
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function usageFailure(message: string): Failure {
  return new Failure(EXIT.usage, message);
}

export interface ProblemDocument {
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly code?: string;
  readonly requestId?: string;
  readonly errors?: readonly FieldProblem[];
  readonly addresses?: readonly Pick<Schema<'Source'>, 'ip' | 'logins' | 'lastSeenAt'>[];
  readonly refusedAddresses?: number;
  readonly accept?: string;
}

interface FieldProblem {
  readonly pointer?: string;
  readonly detail?: string;
  readonly suggestions?: readonly string[];
}

export class RequestRefused extends Failure {
  override readonly name = 'RequestRefused';

  constructor(
    readonly problem: ProblemDocument,
    readonly status: number,
  ) {
    super(
      status >= 500 || status === 429 ? EXIT.unavailable : EXIT.refused,
      problem.detail ?? problem.title ?? `HTTP ${status}`,
    );
  }
}

export function failureText(error: unknown, json: boolean): string {
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  if (json) return JSON.stringify(error instanceof RequestRefused ? error.problem : { title: message }, null, 2);
  if (error instanceof RequestRefused) return problemText(error);
  return error instanceof Failure ? `postern: ${message}` : `postern: this should not happen: ${stack}`;
}

function problemText({ problem, status }: RequestRefused): string {
  const { title = 'The request was refused', detail, code = 'no code', requestId, errors = [], accept } = problem;
  const lines = [`postern: ${printable(title)} (${code}, HTTP ${status})`];
  const complaints = [...errors.flatMap(fieldLines), ...lockedOutLines(problem)];
  // With errors by field or address, the detail only repeats them.
  if (detail && complaints.length === 0) complaints.push(`  ${printable(detail)}`);
  lines.push(...complaints);
  if (HINTS[code]) lines.push(`  ${HINTS[code]}`);
  if (accept)
    lines.push(`  Allow these addresses too. Or, to refuse them from now on, add --accept ${printable(accept)}`);
  if (requestId) lines.push(`  Request: ${printable(requestId)}`);
  return lines.join('\n');
}

export function lockedOutLines({ addresses = [], refusedAddresses = addresses.length }: ProblemDocument): string[] {
  const lines = addresses.map(
    ({ ip, logins, lastSeenAt }) =>
      `  ${printable(ip)}: ${counted(logins, 'login')}, the last ${shortTime(lastSeenAt)}`,
  );
  return refusedAddresses > lines.length ? [...lines, `  … and ${refusedAddresses - lines.length} more`] : lines;
}

function fieldLines({ pointer = '', detail = '', suggestions = [] }: FieldProblem): string[] {
  const line = `  ${printable(pointer)}: ${printable(detail)}`;
  // The detail usually contains this question.
  if (suggestions.every((suggestion) => detail.includes(suggestion))) return [line];
  return [line, `    Did you mean ${suggestions.map(printable).join(' or ')}?`];
}

const HINTS: Readonly<Record<string, string>> = {
  'api-key-missing': 'Set POSTERN_KEY, or name a file with --key-file.',
  'api-key-invalid':
    'The key is read from --key-file, else POSTERN_KEY, else POSTERN_KEY_FILE, else .postern/operator-key.',
  'role-not-allowed':
    'Set another key by --key-file, POSTERN_KEY or POSTERN_KEY_FILE. `postern keys issue` issues one.',
  'tenant-not-found':
    'Set the tenant by --tenant or POSTERN_TENANT. With an operator key, `postern tenants list` shows them.',
  'last-entry': '`postern clear` opens the SMTP user to every address; `postern restrict` replaces the list.',
  'version-mismatch': 'Somebody changed it meanwhile. `postern users show` shows its present state.',
};
