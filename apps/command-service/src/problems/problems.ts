import type { Problem, ProblemTranslator } from '@postern/service-kit';
import { Problem as KnownProblem } from '@postern/service-kit';
import { databaseProblem } from './database-problem.js';
import { journalProblem } from './journal-problem.js';
import { refusalProblem } from './refusal-problem.js';

/** How the typed errors of the domain, the journal and the database are told to a caller. */
export const problems: readonly ProblemTranslator[] = [refusalProblem, journalProblem, databaseProblem];

/** The problem that an error will be answered as; null for what nobody foresaw. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof KnownProblem) return error;
  for (const translate of problems) {
    const problem = translate(error);
    if (problem) return problem;
  }
  return null;
}
