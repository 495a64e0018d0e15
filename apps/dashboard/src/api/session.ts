import { queryOptions } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { ApiProblem, api, take, type Schema } from './client.js';

export type WhoAmI = Schema<'WhoAmI'>;

/** Who is signed in. Throws `ApiProblem` with status 401 where nobody is. */
export const whoAmI = queryOptions({
  queryKey: ['whoami'],
  queryFn: ({ signal }) => take(api.GET('/v1/whoami', { signal })),
  staleTime: 60_000,
  retry: (failures, error) => failures < 1 && !(error instanceof ApiProblem),
});

/** Exchanges an API key for a session cookie. */
export function signInWithKey(key: string): Promise<WhoAmI> {
  return signIn({ key });
}

/** Uses up the code of a one-time link. */
export function signInWithCode(code: string): Promise<WhoAmI> {
  return signIn({ code });
}

async function signIn(body: { key: string } | { code: string }): Promise<WhoAmI> {
  const me = await take(api.POST('/v1/session', { body }));
  setEnded(false);
  return me;
}

export function signOut(): Promise<unknown> {
  return take(api.DELETE('/v1/session'));
}

/**
 * Whether this key may change SMTP users, their restrictions and the reply. As in the API: an admin of the tenant does;
 * an operator makes tenants and keys, and reads the rest; an auditor reads.
 */
export function mayWrite({ role }: Pick<WhoAmI, 'role'>): boolean {
  return role === 'admin';
}

// The session ended while a page was open. The page stays as it is, with what was typed, and a dialog asks to sign in again.
let ended = false;
const listeners = new Set<() => void>();

function setEnded(value: boolean): void {
  if (ended === value) return;
  ended = value;
  for (const listener of listeners) listener();
}

export const noteSessionEnd = (): void => setEnded(true);

export function useSessionEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ended,
  );
}
