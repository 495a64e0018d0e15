import { queryOptions } from '@tanstack/react-query';
import { sharedValue } from '../shared-value.js';
import { ApiProblem, api, take, type Schema } from './client.js';

export type WhoAmI = Schema<'WhoAmI'>;

/** Who is signed in. Throws `ApiProblem` with status 401 if nobody is. */
export const whoAmI = queryOptions({
  queryKey: ['whoami'],
  queryFn: ({ signal }) => take(api.GET('/v1/whoami', { signal })),
  staleTime: 60_000,
  retry: (failures, error) => failures < 1 && !(error instanceof ApiProblem),
});

export function signInWithKey(key: string): Promise<WhoAmI> {
  return signIn({ key });
}

export function signInWithCode(code: string): Promise<WhoAmI> {
  return signIn({ code });
}

async function signIn(body: { key: string } | { code: string }): Promise<WhoAmI> {
  const me = await take(api.POST('/v1/session', { body }));
  sessionEnded.set(false);
  return me;
}

export function signOut(): Promise<unknown> {
  return take(api.DELETE('/v1/session'));
}

/** Whether this key may change SMTP users, their restrictions and the reply: only an admin of the tenant may, as in the API. */
export function mayWrite({ role }: Pick<WhoAmI, 'role'>): boolean {
  return role === 'admin';
}

/** Whether the session ended while a page was open. The page keeps what was typed, and a dialog asks to sign in again. */
export const sessionEnded = sharedValue(false);
