import { DomainRefusal } from '@postern/restrictions';
import {
  databaseProblem,
  Problem,
  PROBLEMS,
  temporaryProblem,
  type ProblemCode,
  type ProblemTranslator,
} from '@postern/http';

/** Translates refusals of the domain. Temporary failures are answered the same way in every service. */
export const problems: readonly ProblemTranslator[] = [refusalProblem];

/** The problem that an error will be answered with; null for a defect. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  return refusalProblem(error) ?? temporaryProblem(error) ?? databaseProblem(error);
}

/** By the refusal's code; a code for fields becomes `validation-failed`. */
function refusalProblem(error: unknown): Problem | null {
  if (!(error instanceof DomainRefusal)) return null;
  if (error.code in PROBLEMS)
    return new Problem(error.code as ProblemCode, error.message, { errors: error.errors ?? [] });
  const errors = error.errors ?? [{ pointer: '', code: error.code, detail: error.message }];
  return new Problem('validation-failed', error.message, { errors });
}
