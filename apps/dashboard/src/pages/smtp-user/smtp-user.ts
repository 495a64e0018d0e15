import { queryOptions, useMutation, useQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { ApiProblem, api, take, type Schema } from '../../api/client.js';
import { mayWrite, whoAmI } from '../../api/session.js';
import { sendGuarded } from '../../lockout/send-guarded.js';

export type SmtpUser = Schema<'SmtpUser'>;
export type Restriction = Schema<'Restriction'>;
export type Entry = Schema<'Entry'>;
export type Warning = Schema<'Warning'>;
export type Mode = Restriction['mode'];
/** `enforceAt`: when `report-only` ends by itself; null: never. */
export type ModeSetting = Pick<Restriction, 'mode' | 'enforceAt'>;
export type RequestedEntry = Schema<'AddEntriesRequest'>['entries'][number];

export const requestedOf = ({
  range,
  note,
  expiresAt,
}: Pick<Entry, 'range' | 'note' | 'expiresAt'>): RequestedEntry => ({
  range,
  note,
  expiresAt,
});

const ONE = '/v1/tenants/{tenantId}/smtp-users/{smtpUserId}';
const REFRESHED_EVERY_MS = 15_000;

/** One SMTP user with its restriction. Throws `ApiProblem` with status 404 if it does not exist. */
export const smtpUserQuery = (tenantId: string, smtpUserId: string) =>
  queryOptions({
    queryKey: ['smtp-user', tenantId, smtpUserId],
    queryFn: async ({ signal, client, queryKey }) => {
      const read = await take(api.GET(ONE, { params: { path: { tenantId, smtpUserId } }, signal }));
      // The page may already have the answer of a write that the read side has not seen.
      const shown = client.getQueryData<SmtpUser>(queryKey);
      return shown && shown.restriction.version > read.restriction.version ? shown : read;
    },
    refetchInterval: REFRESHED_EVERY_MS,
  });

export type SmtpUserRef = Pick<SmtpUser, 'tenantId' | 'id'>;
const pathOf = ({ tenantId, id }: SmtpUserRef) => ({ tenantId, smtpUserId: id });

/** After `version-mismatch`: the restriction at the version that the problem named, or a later one. */
export async function readAfter(problem: ApiProblem, user: SmtpUserRef): Promise<Restriction> {
  const current = problem.headers.get('etag')?.replaceAll('"', '');
  const header = { ...(current !== undefined && { 'Postern-Min-Version': current }) };
  return take(api.GET(`${ONE}/restriction`, { params: { path: pathOf(user), header } }));
}

const tag = (version: number): string => `"${version}"`;

// Each returns the changed restriction. Those that can refuse somebody are sent with the guard.

export const addEntries = (user: SmtpUserRef, entries: RequestedEntry[]): Promise<Restriction> =>
  sendGuarded((header) =>
    take(api.POST(`${ONE}/restriction/entries`, { params: { path: pathOf(user), header }, body: { entries } })),
  );

export const removeEntry = (user: SmtpUserRef, entryId: string): Promise<Restriction> =>
  sendGuarded((header) =>
    take(
      api.DELETE(`${ONE}/restriction/entries/{entryId}`, { params: { path: { ...pathOf(user), entryId }, header } }),
    ),
  );

/** @throws `ApiProblem` `version-mismatch` if the list has changed since */
export const replaceEntries = (
  user: SmtpUserRef,
  version: number,
  entries: RequestedEntry[],
  setting: ModeSetting | null = null,
): Promise<Restriction> =>
  sendGuarded((header) =>
    take(
      api.PUT(`${ONE}/restriction`, {
        params: { path: pathOf(user), header: { ...header, 'If-Match': tag(version) } },
        body: { entries, ...setting },
      }),
    ),
  );

export const changeMode = (user: SmtpUserRef, mode: ModeSetting): Promise<Restriction> =>
  sendGuarded((header) =>
    take(api.PUT(`${ONE}/restriction/mode`, { params: { path: pathOf(user), header }, body: mode })),
  );

export const renameSmtpUser = (user: SmtpUser, username: string): Promise<SmtpUser> =>
  take(api.PATCH(ONE, { params: { path: pathOf(user) }, body: { username } }));

export const removeSmtpUser = (user: SmtpUser): Promise<unknown> =>
  take(api.DELETE(ONE, { params: { path: pathOf(user) } }));

export const clearRestriction = (user: SmtpUserRef): Promise<Restriction> =>
  take(api.DELETE(`${ONE}/restriction`, { params: { path: pathOf(user) } }));

/** Sends one of the changes above, and shows its answer at once. */
export function useRestrictionChange<Input>(user: SmtpUserRef, send: (input: Input) => Promise<Restriction>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: (restriction) => {
      client.setQueryData(
        smtpUserQuery(user.tenantId, user.id).queryKey,
        (shown) => shown && { ...shown, restriction },
      );
      // The read side may be behind this answer, so lists take the restriction from here too.
      client.setQueriesData<InfiniteData<{ items: SmtpUser[] }>>(
        { queryKey: ['smtp-users', user.tenantId] },
        (list) => {
          const items = (shown: SmtpUser[]) => shown.map((one) => (one.id === user.id ? { ...one, restriction } : one));
          return list && { ...list, pages: list.pages.map((page) => ({ ...page, items: items(page.items) })) };
        },
      );
      // Also load again what shows it elsewhere: counts, denied addresses with "still denied", history.
      void client.invalidateQueries({ predicate: ({ queryKey }) => !String(queryKey[0]).match(/^smtp-users?$/) });
    },
  });
}

export function useMayWrite(): boolean {
  const { data: me } = useQuery(whoAmI);
  return me !== undefined && mayWrite(me);
}
