import { Button, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { DialogForm } from '../../../ui/Dialog.js';
import { dateTime } from '../../../ui/dates.js';
import { ExpiryField } from '../../../ui/ExpiryField.js';
import { Mono } from '../../../ui/Mono.js';
import { Failed } from '../../../ui/States.js';
import { showDone, showUndo } from '../../../ui/toast.js';
import { MAX_NOTE_LENGTH, sameEntry } from '../editor/judge.js';
import { listedOf } from '../editor/list-as-text.js';
import { PreviewLine } from '../sources/PreviewFigures.js';
import {
  addEntry,
  isConflict,
  removeEntry,
  replaceEntries,
  smtpUserQuery,
  useRestrictionChange,
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

interface OneProps extends Props {
  readonly entry: Entry;
}

function Fields({ user, entry, close }: OneProps) {
  const [note, setNote] = useState(entry.note ?? '');
  const [expiresAt, setExpiresAt] = useState(entry.expiresAt);
  const client = useQueryClient();
  const now = user.restriction.entries.find(({ id }) => id === entry.id);
  const edited = { ...entry, note: note.trim() || null, expiresAt };
  const entries = user.restriction.entries.map((one) => listedOf(one.id === entry.id ? edited : one));
  const save = useRestrictionChange(user, () => replaceEntries(user, user.restriction.version, entries));
  const conflict = now !== undefined && isConflict(save.error);
  return (
    <DialogForm
      onClose={close}
      action="Save"
      disabled={now === undefined || sameEntry(edited, now)}
      pending={save.isPending}
      error={conflict ? null : save.error}
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
      <Remove user={user} entry={entry} close={close} />
      {conflict && (
        <Text size="sm" role="alert">
          Somebody has changed the list. This entry now has {now.note === null ? 'no note' : `the note “${now.note}”`}{' '}
          and {now.expiresAt === null ? 'never expires' : `expires on ${dateTime(now.expiresAt)}`}. Save again to put
          yours in its place.
        </Text>
      )}
    </DialogForm>
  );
}

/** Removes at once, with an undo. For the last entry, it explains instead what removing it would mean. */
function Remove({ user, entry, close }: OneProps) {
  const add = useRestrictionChange(user, () => addEntry(user, entry));
  const remove = useRestrictionChange(user, () => removeEntry(user, entry.id));
  if (user.restriction.entries.length === 1)
    return (
      <Text size="xs" c="dimmed">
        This is the last entry: without it, the list would be empty. To allow only another address, add that one first,
        then remove this. To let {user.username} log in from every address, use “Clear restriction” at the end of this
        page. To stop its logins, change its password, or remove the SMTP user.
      </Text>
    );
  const done = () => {
    close();
    // An expired entry cannot be added again: the API refuses an end in the past.
    if (entry.live) showUndo(`Removed ${entry.range}.`, () => add.mutateAsync());
    else showDone(`Removed ${entry.range}, which was expired.`);
  };
  return (
    <Stack gap={4}>
      <Button
        variant="outline"
        color="red"
        size="xs"
        w="max-content"
        loading={remove.isPending}
        onClick={() => remove.mutate(undefined, { onSuccess: done })}
      >
        Remove this entry
      </Button>
      <PreviewLine user={user} change={{ remove: [entry.id] }} />
      {remove.error && <Failed error={remove.error} />}
    </Stack>
  );
}
