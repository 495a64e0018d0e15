import { Alert, Box, Button, Checkbox, Group, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { getHotkeyHandler } from '@mantine/hooks';
import { useCallback, useDeferredValue, useMemo, type Dispatch, type FormEvent, type SetStateAction } from 'react';
import { ExpiryField } from '../../../ui/ExpiryField.js';
import { Failed } from '../../../ui/States.js';
import { useNow } from '../../../ui/use-now.js';
import { PreviewFigures } from '../sources/PreviewFigures.js';
import { requestedOf, type SmtpUser } from '../smtp-user.js';
import classes from './Editor.module.css';
import { differenceOf, listAfter, refusesAll } from './difference.js';
import { inMode, isDirty, newDraft, type Draft, type EditorMode } from './draft.js';
import { Judgement } from './Judgement.js';
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
  // Of the time when the editor was opened: somebody else may have added the first entry since.
  const { restricted, mode } = draft.base;
  const { setting } = draft;
  // Judging 1,000 lines may lag behind the keys.
  const judgedDraft = useDeferredValue(draft);
  const now = useNow();
  const { judged, leftOut, after, changes } = useMemo(() => judgedList(judgedDraft, now), [judgedDraft, now]);
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
      {restricted && (
        <SegmentedControl
          style={{ alignSelf: 'start' }}
          size="xs"
          aria-label="What the text is"
          value={draft.mode}
          onChange={(chosen) => change(inMode(draft, chosen as EditorMode))}
          data={[
            { value: 'add', label: 'Add to the list' },
            { value: 'replace', label: 'Edit the complete list' },
          ]}
        />
      )}
      <div className={classes['columns']}>
        <div className={classes['text']}>
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
            rows={10}
            spellCheck={false}
            autoCapitalize="off"
            autoCorrect="off"
            data-autofocus
          />
        </div>
        {draft.mode === 'add' && (
          <div className={classes['options']}>
            <TextInput
              label="Note"
              description="For lines without one"
              value={draft.note}
              onChange={({ currentTarget }) => change({ ...draft, note: currentTarget.value })}
              maxLength={MAX_NOTE_LENGTH}
              dir="auto"
            />
            <ExpiryField value={draft.expiresAt} onChange={(expiresAt) => change({ ...draft, expiresAt })} />
          </div>
        )}
        <Judgement
          mode={judgedDraft.mode}
          judged={judged}
          leftOut={leftOut}
          changes={changes}
          staying={judgedDraft.base.entries.length - changes.filter(({ kind }) => kind !== 'added').length}
          correct={correct}
        />
      </div>
      {!restricted && (
        <Alert
          color="amber"
          title={mode === 'report-only' || setting !== null ? 'Refuses nothing yet' : 'Only these addresses may log in'}
        >
          <Text size="sm">
            {mode === 'report-only' || setting !== null
              ? 'Report only: other logins are recorded and let through.'
              : `Now, ${user.username} may log in from every address. Other addresses are refused as soon as you save.`}
          </Text>
          {mode === 'enforce' && (
            <Checkbox
              mt="xs"
              size="sm"
              label="Only report at first: refuse nothing, and record what would be refused"
              checked={setting !== null}
              onChange={({ currentTarget: { checked } }) =>
                change({ ...draft, setting: checked ? { mode: 'report-only', enforceAt: null } : null })
              }
            />
          )}
          {setting !== null && (
            <Box mt="xs" maw={420}>
              <ExpiryField
                label="Enforced from"
                value={setting.enforceAt}
                onChange={(enforceAt) => change({ ...draft, setting: { ...setting, enforceAt } })}
              />
            </Box>
          )}
        </Alert>
      )}
      {blocked !== null && (
        <Alert color="gray" role="alert">
          {blocked}
        </Alert>
      )}
      {refusesAll(after, now) && blocked === null && changes.length > 0 && (
        <Alert color="red">All entries would be expired, and every login would be refused.</Alert>
      )}
      {blocked === null && changes.length > 0 && (
        <PreviewFigures user={user} change={{ entries: after.map(requestedOf) }} />
      )}
      <Stack gap="sm" className={classes['footer']}>
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
          <Button type="submit" disabled={!ready} loading={saving}>
            {actionOf(changes, bad)}
          </Button>
        </Group>
      </Stack>
    </Stack>
  );
}

function judgedList(draft: Draft, now: Date) {
  const { pasted, leftOut } = pastedLines(draft.text);
  const list = draft.base.entries;
  const given = {
    list,
    mode: draft.mode,
    note: draft.note.trim() || null,
    expiresAt: draft.expiresAt,
    now,
  };
  const judged: Judged[] = judge(pasted, given);
  const after = listAfter(list, judged, draft.mode);
  return { judged, leftOut, after, changes: differenceOf(list, after) };
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
