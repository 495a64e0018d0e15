import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './client.js';
import { isSignedOut, whoAmI } from './session.js';

const MAX_RETRIES = 3;

/** Retries what can succeed later: no answer, 429, 5xx. Never a refusal. */
function mayRetry(failures: number, error: Error): boolean {
  if (failures >= MAX_RETRIES) return false;
  return !(error instanceof ApiProblem) || error.problem.status === 429 || error.problem.status >= 500;
}

/** Asks again who is signed in. `SessionEnded` shows the answer. */
function onError(error: Error): void {
  if (isSignedOut(error)) void queryClient.invalidateQueries({ queryKey: whoAmI.queryKey });
}

export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: mayRetry, staleTime: 5_000 }, mutations: { retry: false } },
  queryCache: new QueryCache({
    onError: (error, { queryKey }) => {
      if (queryKey[0] !== whoAmI.queryKey[0]) onError(error);
    },
  }),
  mutationCache: new MutationCache({ onError }),
});
