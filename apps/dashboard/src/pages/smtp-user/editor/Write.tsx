import { Alert, Button, Checkbox, Group, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { getHotkeyHandler } from '@mantine/hooks';
import { useCallback, useDeferredValue, useMemo, type Dispatch, type FormEvent, type SetStateAction } from 'react';
import { ChangeLines } from '../../../changes/ChangeLines.js';
import { ExpiryField } from '../../../ui/ExpiryField.js';
import { Failed } from '../../../ui/States.js';
import { useNow } from '../../../ui/use-now.js';
import { PreviewFigures } from '../sources/PreviewFigures.js';
import type { SmtpUser } from '../smtp-user.js';
import classes from './Editor.module.css';
import { differenceOf, entryOf, listAfter, refusesAll, type Change } from './difference.js';
import { isDirty, newDraft, type Draft } from './draft.js';
import { ChangeRow, Judgement } from './Judgement.js';
import { judge, MAX_ENTRIES, MAX_NOTE_LENGTH, type Judged } from './judge.js';
import type { Listed } from './list-as-text.js';
import { pastedLines, type Pasted } from './pasted-lines.js';

interface Props {
  readonly user: SmtpUser;
  readonly draft: Draft;
  readonly change: Dispatch<SetStateAction<Draft>>;
  readonly save: (entries: readonly Listed[]) => void;
  readonly saving: boolean;
  readonly error: Error | null;
  readonly close: () => void;
}

const EXAMPLE = `203.0.113.42
198.51.100.0/24, office
2001:db8::/64, 2027-01-31 # contractor
v=spf1 ip4:192.0.2.0/28 -all`;

export function Write({ user, draft, change, save, saving, error, close }: Props) {
  // Judging 1,000 lines may lag behind the keys.
  const judgedDraft = useDeferredValue(draft);
  const now = useNow();
  const { judged, after, changes } = useMemo(() => judgedList(judgedDraft, now), [judgedDraft, now]);
  const bad = judged.filter(({ verdict }) => verdict === 'bad').length;
  const blocked = whyNot(draft, after, bad);
  const ready = changes.length > 0 && blocked === null && judgedDraft === draft;
  const submit = () => {
    if (ready && !saving) save(after);
  };
  const correct = useCallback(
    ({ at, typed }: Pasted, correction: string) =>
      change(({ text, ...rest }) => ({
        ...rest,
        text: text.slice(0, at) + correction + text.slice(at + typed.length),
      })),
    [change],
  );
  return (
    <Stack
      component="form"
      gap="md"
      flex={1}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        submit();
      }}
    >
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg" verticalSpacing="md">
        <Stack gap="sm">
          <Textarea
            label={draft.mode === 'add' ? 'Addresses and ranges' : 'The list, one entry per line'}
            description={
              draft.mode === 'add'
                ? 'Paste anything: lines, commas, CSV with notes, an SPF record.'
                : 'Lines that you delete are removed from the list. A line: address, end, # note.'
            }
            placeholder={EXAMPLE}
            value={draft.text}
            onChange={({ currentTarget }) => change({ ...draft, text: currentTarget.value })}
            onKeyDown={getHotkeyHandler([['mod+Enter', submit]])}
            classNames={{ input: classes['field'] ?? '' }}
            rows={7}
            readOnly={saving}
            spellCheck={false}
            autoCapitalize="off"
            autoCorrect="off"
            data-autofocus
          />
          {draft.mode === 'add' && (
            <>
              <TextInput
                label="Note"
                description="For lines without one"
                value={draft.note}
                onChange={({ currentTarget }) => change({ ...draft, note: currentTarget.value })}
                maxLength={MAX_NOTE_LENGTH}
                dir="auto"
              />
              <ExpiryField value={draft.expiresAt} onChange={(expiresAt) => change({ ...draft, expiresAt })} />
            </>
          )}
        </Stack>
        <Judgement mode={judgedDraft.mode} judged={judged} changes={changes} correct={correct} />
      </SimpleGrid>
      {blocked === null && changes.length > 0 && <PreviewFigures user={user} change={{ entries: after }} />}
      {draft.isFirst && <FirstList user={user} draft={draft} change={change} />}
      {blocked !== null && (
        <Alert color="gray" role="alert">
          {blocked}
        </Alert>
      )}
      {refusesAll(after, now) && blocked === null && changes.length > 0 && (
        <Alert color="red">All entries would be expired, and every login would be refused.</Alert>
      )}
      <Stack gap="sm" className={classes['footer']}>
        {draft.theirs && <TheirChanges changes={draft.theirs} mode={draft.theirMode} />}
        {error && <Failed error={error} />}
        <Group justify="flex-end" gap="xs">
          {isDirty(draft) && (
            <Button
              variant="subtle"
              color="gray"
              me="auto"
              ms={-14}
              onClick={() => change(newDraft(user.restriction, draft.mode))}
              disabled={saving}
            >
              Start over
            </Button>
          )}
          <Button variant="default" onClick={close} title={isDirty(draft) ? 'What you typed is kept' : undefined}>
            {isDirty(draft) ? 'Close' : 'Cancel'}
          </Button>
          <Button
            type="submit"
            disabled={!ready}
            loading={saving}
            // The second click of a double click must not save what the first one has changed.
            onClick={(event) => event.detail > 1 && event.preventDefault()}
          >
            {actionOf(changes, bad)}
          </Button>
        </Group>
      </Stack>
    </Stack>
  );
}

/** What a first list does, and a choice to refuse nothing with it yet. */
function FirstList({ user, draft, change }: Pick<Props, 'user' | 'draft' | 'change'>) {
  const { base, reportOnly } = draft;
  const refusesNothing = base.mode === 'report-only' || reportOnly;
  return (
    <Alert color="amber" title={refusesNothing ? 'Refuses nothing yet' : 'Only these addresses may log in'}>
      <Text size="sm">
        {refusesNothing
          ? 'Report only: other logins are recorded and let through.'
          : `${user.username} may no longer log in from other addresses: they are refused as soon as you save.`}
      </Text>
      {base.mode === 'enforce' && (
        <Checkbox
          mt="xs"
          size="sm"
          label="Only report at first: refuse nothing, and record what would be refused"
          checked={reportOnly}
          onChange={({ currentTarget: { checked } }) => change({ ...draft, reportOnly: checked })}
        />
      )}
    </Alert>
  );
}

/** It is in the footer, so that it is seen without scrolling, and moves no button. */
function TheirChanges({ changes, mode }: { readonly changes: readonly Change[]; readonly mode: Draft['theirMode'] }) {
  return (
    <Alert color="amber" role="alert" title="The list was changed while you were typing">
      <Text size="sm">
        {changes.length > 0 &&
          'Somebody else has saved the changes below. They are kept, unless you changed the same entry. '}
        {mode && `The mode is now ${mode === 'enforce' ? 'Enforced' : 'Report only'}. `}
        Check what saving does now, and save again.
      </Text>
      <ChangeLines label="What somebody else has changed" maxHeight={104}>
        {changes.map((each) => (
          <ChangeRow key={entryOf(each).range} change={each} />
        ))}
      </ChangeLines>
    </Alert>
  );
}

function judgedList(draft: Draft, now: Date) {
  const list = draft.base.entries;
  const given = {
    list,
    mode: draft.mode,
    note: draft.note.trim() || null,
    expiresAt: draft.expiresAt,
    now,
  };
  const judged: Judged[] = judge(pastedLines(draft.text), given);
  const after = listAfter(list, judged, draft.mode);
  return { judged, after, changes: differenceOf(list, after) };
}

function whyNot(draft: Draft, after: readonly Listed[], bad: number): string | null {
  if (!isDirty(draft)) return null;
  if (after.length > MAX_ENTRIES)
    return `A restriction has at most ${MAX_ENTRIES.toLocaleString('en')} entries, and this would be ${after.length.toLocaleString('en')}. Use wider ranges, or remove expired entries.`;
  if (draft.mode === 'add') return null;
  if (bad > 0)
    return `Correct or delete ${bad === 1 ? 'the line that cannot be read' : `the ${bad} lines that cannot be read`}: in the complete list, a typing error would remove an entry.`;
  if (after.length === 0)
    return 'A list without entries would refuse every login. To let the SMTP user log in from every address, use “Clear restriction” at the end of its page.';
  return null;
}

/** *Add 3 of 4*, *Save 2 changes*. */
function actionOf(changes: ReturnType<typeof differenceOf>, bad: number): string {
  const count = changes.length.toLocaleString('en');
  const of = bad === 0 ? '' : ` of ${(changes.length + bad).toLocaleString('en')}`;
  if (changes.length === 0) return 'Save';
  if (changes.every(({ kind }) => kind === 'added')) return `Add ${count}${of}`;
  return changes.length === 1 && bad === 0 ? 'Save 1 change' : `Save ${count}${of} changes`;
}
