import { databaseProblem, Problem, type ProblemTranslator } from '@postern/http';
import { journalProblem } from './journal-problem.js';
import { refusalProblem } from './refusal-problem.js';

/** How the typed errors of the domain and the journal are told to a caller; the database's are told by every service. */
export const problems: readonly ProblemTranslator[] = [refusalProblem, journalProblem];

/** The problem that an error will be answered as; null for what nobody foresaw. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  for (const translate of [...problems, databaseProblem]) {
    const problem = translate(error);
    if (problem) return problem;
  }
  return null;
}
