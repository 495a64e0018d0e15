import { printable } from '@postern/terminal';
import { Failure, RequestRefused, type ProblemDocument } from './failure.js';

/** What stands on standard error: for people, or with `--json` as JSON. */
export function tellFailure(error: unknown, json: boolean): string {
  if (json) return JSON.stringify(asJson(error), null, 2);
  if (error instanceof RequestRefused) return tellProblem(error);
  if (error instanceof Failure) return `postern: ${error.message}`;
  return `postern: this should not happen: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function asJson(error: unknown): unknown {
  if (error instanceof RequestRefused) return error.problem;
  return { title: error instanceof Error ? error.message : String(error) };
}

function tellProblem({ problem, status, sent }: RequestRefused): string {
  const { title, detail, code, requestId } = problem;
  const fields = problem.errors ?? [];
  const lines = [`postern: ${printable(title ?? 'The request was refused')} (${code ?? 'no code'}, HTTP ${status})`];
  // With a complaint for each field, the detail only repeats them.
  if (detail && fields.length === 0) lines.push(`  ${printable(detail)}`);
  for (const field of fields) lines.push(...tellField(field, sent));
  const hint = HINTS[code ?? ''];
  if (hint) lines.push(`  ${hint}`);
  if (requestId) lines.push(`  Request: ${printable(requestId)}`);
  return lines.join('\n');
}

function tellField(field: NonNullable<ProblemDocument['errors']>[number], sent: unknown): string[] {
  const { pointer = '', detail = '', suggestions = [] } = field;
  const value = valueAt(sent, pointer);
  const shown = typeof value === 'string' || typeof value === 'number' ? ` ${printable(JSON.stringify(value))}` : '';
  const lines = [`  ${printable(pointer)}${shown}: ${printable(detail)}`];
  // The detail of most refusals asks it already.
  if (suggestions.length > 0 && !suggestions.every((suggestion) => detail.includes(suggestion))) {
    lines.push(`    Did you mean ${suggestions.map(printable).join(' or ')}?`);
  }
  return lines;
}

/** What a JSON Pointer (RFC 6901) points at in the body that was sent; undefined where there is nothing. */
function valueAt(body: unknown, pointer: string): unknown {
  if (!pointer.startsWith('/')) return undefined;
  let value = body;
  for (const part of pointer.slice(1).split('/')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return value;
}

/** What this program has for the trouble that Postern tells of. */
const HINTS: Readonly<Record<string, string>> = {
  'api-key-missing': 'Set POSTERN_KEY, or name a file with --key-file.',
  'api-key-invalid':
    'The key is taken from --key-file, POSTERN_KEY, POSTERN_KEY_FILE or .postern/operator-key, in this order.',
  'role-not-allowed':
    'Another key is set by --key-file, POSTERN_KEY or POSTERN_KEY_FILE. `postern keys issue` makes one.',
  'tenant-not-found':
    'The tenant is named by --tenant or POSTERN_TENANT. With an operator key, `postern tenants list` shows them.',
  'last-entry': '`postern clear` opens the SMTP user to every address; `postern restrict` replaces the list.',
  'version-mismatch': 'Somebody changed it in between. `postern users show` tells how it stands now.',
};
