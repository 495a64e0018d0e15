import { Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useBlocker } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { ApiProblem } from '../../../api/client.js';
import { Confirm } from '../../../ui/Dialog.js';
import { showDone } from '../../../ui/toast.js';
import {
  readAfter,
  replaceEntries,
  useRestrictionChange,
  requestedOf,
  type ModeSetting,
  type Restriction,
  type SmtpUser,
} from '../smtp-user.js';
import { Conflict } from './Conflict.js';
import classes from './Editor.module.css';
import { differenceOf } from './difference.js';
import { isDirty, newDraft, storedDraft, storeDraft, type Draft, type EditorMode } from './draft.js';
import type { Listed } from './list-as-text.js';
import { Write } from './Write.js';

/** What the editor opens with. A stored draft is preferred. */
export interface Start {
  readonly mode: EditorMode;
  readonly text?: string | undefined;
}

interface Props {
  readonly user: SmtpUser;
  readonly start: Start | null;
  readonly close: () => void;
}

export function Editor({ user, start, close }: Props) {
  const phone = useMediaQuery('(max-width: 699px)') ?? false;
  return (
    <Modal
      opened={start !== null}
      onClose={close}
      title={start?.mode === 'replace' ? 'Edit the list' : 'Add addresses'}
      size={960}
      fullScreen={phone}
      className={classes['dialog'] ?? ''}
      classNames={{ content: classes['frame'] ?? '', body: classes['body'] ?? '' }}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close; what you typed is kept' }}
    >
      {start && <Content user={user} start={start} close={close} />}
    </Modal>
  );
}

interface Save {
  readonly version: number;
  readonly entries: readonly Listed[];
  readonly setting: ModeSetting | null;
}

function Content({ user, start, close }: Props & { readonly start: Start }) {
  const [draft, setDraft] = useState<Draft>(() => opened(user, start));
  const [conflict, setConflict] = useState<{ theirs: Restriction; mine: readonly Listed[] } | null>(null);
  useEffect(() => storeDraft(user.id, draft), [user.id, draft]);
  const save = useRestrictionChange(user, ({ version, entries, setting }: Save) =>
    replaceEntries(user, version, entries.map(requestedOf), setting),
  );
  const send = (next: Save, mine: readonly Listed[], before: readonly Listed[]) =>
    save.mutate(next, {
      onSuccess: () => {
        storeDraft(user.id, null);
        showDone(summary(before, next.entries));
        close();
      },
      onError: async (error) => {
        if (!(error instanceof ApiProblem) || error.problem.code !== 'version-mismatch') return;
        const theirs = await readAfter(error, user);
        save.reset();
        setConflict({ theirs, mine });
      },
    });
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty(draft) && current.pathname !== next.pathname,
    enableBeforeUnload: () => isDirty(draft),
    withResolver: true,
  });
  return (
    <>
      {conflict ? (
        <Conflict
          user={user}
          base={draft.base.entries}
          theirs={conflict.theirs}
          mine={conflict.mine}
          setting={draft.setting}
          saving={save.isPending}
          error={save.error}
          back={() => setConflict(null)}
          save={(entries, setting) =>
            send({ version: conflict.theirs.version, entries, setting }, conflict.mine, conflict.theirs.entries)
          }
        />
      ) : (
        <Write
          user={user}
          draft={draft}
          change={setDraft}
          saving={save.isPending}
          error={save.error}
          close={close}
          save={(entries) =>
            send({ version: draft.base.version, entries, setting: draft.setting }, entries, draft.base.entries)
          }
        />
      )}
      <Confirm
        opened={blocker.status === 'blocked'}
        onClose={() => blocker.reset?.()}
        title="Leave without saving"
        action="Leave"
        onConfirm={() => blocker.proceed?.()}
      >
        The addresses that you typed are not saved. They stay in this tab of the browser until you come back.
      </Confirm>
    </>
  );
}

function opened(user: SmtpUser, { mode, text }: Start): Draft {
  const stored = storedDraft(user.id);
  if (stored === null) return newDraft(user.restriction, mode, text);
  return text === undefined ? stored : { ...stored, text: `${stored.text.trimEnd()}\n${text}` };
}

function summary(before: readonly Listed[], after: readonly Listed[]): string {
  const changes = differenceOf(before, after);
  const [one] = changes;
  if (changes.length === 1 && one?.kind === 'added') return `Added ${one.after.range}.`;
  if (changes.every(({ kind }) => kind === 'added')) return `Added ${changes.length} entries.`;
  return `Saved ${changes.length} ${changes.length === 1 ? 'change' : 'changes'}.`;
}
