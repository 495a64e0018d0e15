import { Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { showDone } from '../../../ui/toast.js';
import { isConflict, readAfter, replaceEntries, useRestrictionChange, type SmtpUser } from '../smtp-user.js';
import classes from './Editor.module.css';
import { differenceOf, inWords } from './difference.js';
import { isDirty, newDraft, rebased, storedDraft, storeDraft, type Draft, type EditorMode } from './draft.js';
import type { Listed } from './list-as-text.js';
import { Write } from './Write.js';

/** What the editor opens with. The text is added to a stored draft. */
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

function Content({ user, start, close }: Props & { readonly start: Start }) {
  const { mode } = start;
  const [draft, setDraft] = useState<Draft>(() => opened(user, start));
  useEffect(() => storeDraft(user.id, mode, isDirty(draft) ? draft : null), [user.id, mode, draft]);
  const save = useRestrictionChange(user, async (entries: readonly Listed[]) => {
    try {
      return await replaceEntries(user, draft.base.version, entries, draft.reportOnly ? 'report-only' : undefined);
    } catch (error) {
      if (isConflict(error)) setDraft(rebased(draft, await readAfter(error, user), entries));
      throw error;
    }
  });
  return (
    <Write
      user={user}
      draft={draft}
      change={setDraft}
      saving={save.isPending}
      error={isConflict(save.error) ? null : save.error}
      close={close}
      save={(entries) =>
        save.mutate(entries, {
          onSuccess: () => {
            storeDraft(user.id, mode, null);
            showDone(`Saved: ${inWords(differenceOf(draft.base.entries, entries))}.`);
            close();
          },
        })
      }
    />
  );
}

function opened(user: SmtpUser, { mode, text }: Start): Draft {
  const stored = storedDraft(user.id, mode);
  if (stored === null) return newDraft(user.restriction, mode, text);
  const hasText = text === undefined || stored.text.includes(text);
  return hasText ? stored : { ...stored, text: `${stored.text.trimEnd()}\n${text}` };
}
