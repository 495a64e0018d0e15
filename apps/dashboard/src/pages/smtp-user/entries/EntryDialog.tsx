import { Modal, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem } from '../../../api/client.js';
import { DialogForm } from '../../../ui/Dialog.js';
import { dateTime } from '../../../ui/dates.js';
import { ExpiryField } from '../../../ui/ExpiryField.js';
import { Mono } from '../../../ui/Mono.js';
import { showDone } from '../../../ui/toast.js';
import { MAX_NOTE_LENGTH, sameEntry } from '../editor/judge.js';
import { PreviewFigures } from '../sources/PreviewFigures.js';
import {
  replaceEntries,
  smtpUserQuery,
  useRestrictionChange,
  requestedOf,
  type Entry,
  type SmtpUser,
} from '../smtp-user.js';

interface Props {
  readonly user: SmtpUser;
  readonly entry: Entry | null;
  readonly close: () => void;
}

export function EntryDialog({ user, entry, close }: Props) {
  return (
    <Modal opened={entry !== null} onClose={close} title={entry && <Mono fw={600}>{entry.range}</Mono>}>
      {entry && <Fields user={user} entry={entry} close={close} />}
    </Modal>
  );
}

function Fields({ user, entry, close }: Props & { readonly entry: Entry }) {
  const [note, setNote] = useState(entry.note ?? '');
  const [expiresAt, setExpiresAt] = useState(entry.expiresAt);
  const client = useQueryClient();
  const now = user.restriction.entries.find(({ id }) => id === entry.id);
  const edited = { ...entry, note: note.trim() || null, expiresAt };
  const entries = user.restriction.entries.map((one) => requestedOf(one.id === entry.id ? edited : one));
  const save = useRestrictionChange(user, () => replaceEntries(user, user.restriction.version, entries));
  const conflict = save.error instanceof ApiProblem && save.error.problem.code === 'version-mismatch';
  const unchanged = now === undefined || sameEntry(edited, now);
  return (
    <DialogForm
      onClose={close}
      action="Save"
      disabled={unchanged}
      pending={save.isPending}
      error={conflict && now !== undefined ? null : save.error}
      onConfirm={() =>
        save.mutate(undefined, {
          onSuccess: () => {
            showDone(`Saved ${entry.range}.`);
            close();
          },
          // Load the list again, so that the next try changes the present one.
          onError: () => void client.invalidateQueries({ queryKey: smtpUserQuery(user.tenantId, user.id).queryKey }),
        })
      }
    >
      <Textarea
        label="Note"
        value={note}
        onChange={({ currentTarget }) => setNote(currentTarget.value)}
        maxLength={MAX_NOTE_LENGTH}
        autosize
        minRows={2}
        dir="auto"
        data-autofocus
      />
      <ExpiryField value={expiresAt} onChange={setExpiresAt} />
      {user.restriction.warnings
        .filter(({ entryId }) => entryId === entry.id)
        .map(({ code, detail }) => (
          <Text key={code} size="xs" c="var(--postern-warn-text)">
            {detail}
          </Text>
        ))}
      {!unchanged && <PreviewFigures user={user} change={{ entries }} />}
      {now === undefined && (
        <Text size="sm" role="alert">
          Somebody has removed this entry. To have it again, add {entry.range}.
        </Text>
      )}
      {conflict && now !== undefined && (
        <Text size="sm" role="alert">
          Somebody has changed the list. This entry now has {now.note === null ? 'no note' : `the note “${now.note}”`}{' '}
          and {now.expiresAt === null ? 'never expires' : `expires on ${dateTime(now.expiresAt)}`}. Save again to put
          yours in its place.
        </Text>
      )}
    </DialogForm>
  );
}
