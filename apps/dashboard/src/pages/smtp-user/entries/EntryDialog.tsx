import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem } from '../../../api/client.js';
import { ExpiryField } from '../../../ui/ExpiryField.js';
import { Mono } from '../../../ui/Mono.js';
import { Failed } from '../../../ui/States.js';
import { showDone } from '../../../ui/toast.js';
import { MAX_NOTE_LENGTH } from '../editor/judge.js';
import {
  replaceEntries,
  smtpUserQuery,
  useRestrictionChange,
  wantedOf,
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
  const save = useRestrictionChange(user, () =>
    replaceEntries(
      user,
      user.restriction.version,
      user.restriction.entries.map((one) =>
        wantedOf(one.id === entry.id ? { ...one, note: note.trim() || null, expiresAt } : one),
      ),
    ),
  );
  const conflict = save.error instanceof ApiProblem && save.error.problem.code === 'version-mismatch';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(undefined, {
          onSuccess: () => {
            showDone(`Saved ${entry.range}.`);
            close();
          },
          // Load the list again, so that the next try changes the present one.
          onError: () => void client.invalidateQueries({ queryKey: smtpUserQuery(user.tenantId, user.id).queryKey }),
        });
      }}
    >
      <Stack>
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
        {now === undefined && (
          <Text size="sm" role="alert">
            Somebody removed this entry meanwhile. To have it again, add {entry.range}.
          </Text>
        )}
        {conflict && now !== undefined ? (
          <Text size="sm" role="alert">
            Somebody changed the list meanwhile. This entry now has{' '}
            {now.note === null ? 'no note' : `the note “${now.note}”`} and{' '}
            {now.expiresAt === null ? 'never expires' : `expires on ${new Date(now.expiresAt).toLocaleString()}`}. Save
            again to put yours in its place.
          </Text>
        ) : (
          save.error && <Failed error={save.error} />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={save.isPending}
            disabled={now === undefined || ((note.trim() || null) === now.note && expiresAt === now.expiresAt)}
          >
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
