import { DomainRefusal } from '@postern/restrictions';
import { Problem, PROBLEMS, type ProblemCode } from '@postern/http';

/** What the domain refuses, told by its own code; a code that only fields have becomes `validation-failed`. */
export function refusalProblem(error: unknown): Problem | null {
  if (!(error instanceof DomainRefusal)) return null;
  if (error.code in PROBLEMS)
    return new Problem(error.code as ProblemCode, error.message, { errors: error.errors ?? [] });
  const errors = error.errors ?? [{ pointer: '', code: error.code, detail: error.message }];
  return new Problem('validation-failed', error.message, { errors });
}
