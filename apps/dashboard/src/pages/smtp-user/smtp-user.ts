import { queryOptions, useMutation, useQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { ApiProblem, api, take, type Schema } from '../../api/client.js';
import { mayWrite, whoAmI } from '../../api/session.js';
import { sendGuarded } from '../../lockout/send-guarded.js';
import { showDone, showFailed, showUndo } from '../../ui/toast.js';
import type { Listed } from './editor/list-as-text.js';

export type SmtpUser = Schema<'SmtpUser'>;
export type Restriction = Schema<'Restriction'>;
export type Entry = Schema<'Entry'>;
export type Warning = Schema<'Warning'>;
export type Mode = Restriction['mode'];
/** `enforceAt`: when `report-only` ends by itself; null: never. */
export type ModeSetting = Pick<Restriction, 'mode' | 'enforceAt'>;
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

/** Whether somebody else has changed the restriction since it was read. */
export const isConflict = (error: unknown): error is ApiProblem =>
  error instanceof ApiProblem && error.problem.code === 'version-mismatch';

/** After a conflict: the restriction at the version that the problem named, or a later one. */
export async function readAfter(problem: ApiProblem, user: SmtpUserRef): Promise<Restriction> {
  const current = problem.headers.get('etag')?.replaceAll('"', '');
  const header = { ...(current !== undefined && { 'Postern-Min-Version': current }) };
  return take(api.GET(`${ONE}/restriction`, { params: { path: pathOf(user), header } }));
}

type NewEntry = Pick<Listed, 'range'> & Partial<Listed>;

// Each returns the changed restriction. Those that can refuse somebody are sent with the guard.

export const addEntry = (user: SmtpUserRef, { range, note = null, expiresAt = null }: NewEntry): Promise<Restriction> =>
  sendGuarded((header) =>
    take(
      api.POST(`${ONE}/restriction/entries`, {
        params: { path: pathOf(user), header },
        body: { entries: [{ range, note, expiresAt }] },
      }),
    ),
  );

export const removeEntry = (user: SmtpUserRef, entryId: string): Promise<Restriction> =>
  sendGuarded((header) =>
    take(
      api.DELETE(`${ONE}/restriction/entries/{entryId}`, { params: { path: { ...pathOf(user), entryId }, header } }),
    ),
  );

/** The restriction keeps its mode if none is given. @throws `ApiProblem` `version-mismatch`: see `isConflict` */
export const replaceEntries = (
  user: SmtpUserRef,
  version: number,
  entries: readonly Listed[],
  mode?: Mode,
): Promise<Restriction> =>
  sendGuarded((header) =>
    take(
      api.PUT(`${ONE}/restriction`, {
        params: { path: pathOf(user), header: { ...header, 'If-Match': `"${version}"` } },
        body: { entries: [...entries], ...(mode && { mode }) },
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

/** Allows a range at once, with an undo. */
export function useAllow(user: SmtpUserRef) {
  const undo = useRestrictionChange(user, (id: string) => removeEntry(user, id));
  const add = useRestrictionChange(user, (entry: NewEntry) => addEntry(user, entry));
  const allow = (entry: NewEntry, done: string, onAllowed?: () => void) =>
    add.mutate(entry, {
      onSuccess: ({ entries }) => {
        onAllowed?.();
        const added = entries.find(({ range }) => range === entry.range);
        // The only entry had expired and was renewed. It has no undo, because the last entry cannot be removed.
        if (!added || entries.length === 1) showDone(done);
        else showUndo(done, () => undo.mutateAsync(added.id));
      },
      onError: (error) => showFailed(`${entry.range} was not allowed`, error),
    });
  return { allow, isPending: add.isPending };
}

export function useMayWrite(): boolean {
  const { data: me } = useQuery(whoAmI);
  return me !== undefined && mayWrite(me);
}
