import { queryOptions } from '@tanstack/react-query';
import { ApiProblem, api, take, type Schema } from './client.js';

export type WhoAmI = Schema<'WhoAmI'>;

/** Who is signed in. Throws `ApiProblem` with status 401 if nobody is. */
export const whoAmI = queryOptions({
  queryKey: ['whoami'],
  queryFn: ({ signal }) => take(api.GET('/v1/whoami', { signal })),
  staleTime: 60_000,
  retry: (failures, error) => failures < 1 && !(error instanceof ApiProblem),
});

/** By an API key, or by the code of a sign-in link. */
export function signIn(body: { key: string } | { code: string }): Promise<WhoAmI> {
  return take(api.POST('/v1/session', { body }));
}

export function signOut(): Promise<unknown> {
  return take(api.DELETE('/v1/session'));
}

/** Whether nobody is signed in: the session has ended, or there was none. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiProblem && error.problem.status === 401;
}

/** Whether this key may change SMTP users, their restrictions and the reply: only an admin of the tenant may, as in the API. */
export function mayWrite({ role }: Pick<WhoAmI, 'role'>): boolean {
  return role === 'admin';
}
