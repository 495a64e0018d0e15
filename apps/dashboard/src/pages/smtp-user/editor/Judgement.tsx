import { Button, Group, Text } from '@mantine/core';
import { memo } from 'react';
import { ChangeLine, ChangeLines } from '../../../changes/ChangeLines.js';
import { dateTime, relativeTime } from '../../../ui/dates.js';
import { useNow } from '../../../ui/use-now.js';
import classes from './Editor.module.css';
import { entryOf, inWords, type Change } from './difference.js';
import type { EditorMode } from './draft.js';
import type { Judged } from './judge.js';
import type { Listed } from './list-as-text.js';
import type { Pasted } from './pasted-lines.js';

interface Props {
  readonly mode: EditorMode;
  readonly judged: readonly Judged[];
  readonly changes: readonly Change[];
  readonly correct: (pasted: Pasted, correction: string) => void;
}

/** Up to this many lines are shown in the order of the text. In longer texts the wrong ones come first. */
const IN_ORDER = 20;
/** The most lines that are drawn: with 1,000, each keystroke would wait. */
const DRAWN = 100;

export const Judgement = memo(function Judgement({ mode, judged, changes, correct }: Props) {
  const shown = mode === 'add' ? judged : judged.filter(({ verdict }) => verdict !== 'unchanged');
  const rows =
    shown.length <= IN_ORDER
      ? shown
      : shown.toSorted((a, b) => Number(b.verdict === 'bad') - Number(a.verdict === 'bad'));
  const removed = changes.filter(({ kind }) => kind === 'removed');
  const more = Math.max(0, rows.length - DRAWN) + Math.max(0, removed.length - DRAWN);
  const bad = judged.filter(({ verdict }) => verdict === 'bad').length;
  return (
    <section className={classes['judgement']} aria-label="What saving does">
      <Group justify="space-between" px="sm" py={8} style={{ borderBottom: '1px solid var(--postern-line)' }}>
        <Text size="sm" fw={500}>
          What saving does
        </Text>
        <Text size="xs" c="dimmed" role="status">
          {[inWords(changes), bad > 0 && `${bad.toLocaleString('en')} cannot be read`].filter(Boolean).join(' · ')}
        </Text>
      </Group>
      <ChangeLines>
        {rows.slice(0, DRAWN).map((one) => (
          <Row key={`${one.pasted.at}-${one.pasted.typed}`} judged={one} correct={correct} />
        ))}
        {removed.slice(0, DRAWN).map((change) => (
          <ChangeRow key={entryOf(change).range} change={change} />
        ))}
      </ChangeLines>
      {more > 0 && (
        <Text size="xs" c="dimmed" p="sm">
          … and {more.toLocaleString('en')} more.
        </Text>
      )}
      {rows.length + removed.length === 0 && (
        <Text size="sm" c="dimmed" p="sm">
          {mode === 'add' ? 'Each line is checked here while you type.' : 'Nothing: the text is the present list.'}
        </Text>
      )}
    </section>
  );
});

export function ChangeRow({ change }: { readonly change: Change }) {
  return (
    <ChangeLine kind={change.kind}>
      <Line entry={entryOf(change)} />
    </ChangeLine>
  );
}

interface RowProps extends Pick<Props, 'correct'> {
  readonly judged: Judged;
}

/** All lines are judged again at each keystroke, and most stay the same. */
const asBefore = (before: RowProps, now: RowProps): boolean =>
  before.correct === now.correct && JSON.stringify(before.judged) === JSON.stringify(now.judged);

const Row = memo(function Row({ judged, correct }: RowProps) {
  const { pasted, verdict } = judged;
  return (
    <ChangeLine kind={verdict}>
      {'entry' in judged ? (
        <>
          <Line
            entry={judged.entry}
            aside={
              verdict === 'unchanged' ? 'on the list already' : verdict === 'renewed' ? 'renewed' : judged.addresses
            }
          />
          {verdict !== 'unchanged' &&
            judged.remarks.map((remark) => (
              <Text key={remark} size="xs" c="var(--postern-warn-text)">
                {remark}
              </Text>
            ))}
        </>
      ) : (
        <>
          <span className="mono">{pasted.typed}</span>
          <Text size="xs" c={verdict === 'bad' ? 'var(--postern-warn-text)' : 'dimmed'}>
            {verdict === 'bad' && `Line ${pasted.line}. `}
            {judged.reason}
          </Text>
          <Group gap={6}>
            {judged.suggestions.map((suggestion) => (
              <Button
                key={suggestion}
                size="compact-xs"
                variant="default"
                mt={4}
                onClick={() => correct(pasted, suggestion)}
              >
                Use&nbsp;<span className="mono">{suggestion}</span>
              </Button>
            ))}
          </Group>
        </>
      )}
    </ChangeLine>
  );
}, asBefore);

function Line({ entry: { range, expiresAt, note }, aside }: { readonly entry: Listed; readonly aside?: string }) {
  const now = useNow();
  return (
    <>
      <Group gap="0 10px" align="baseline">
        <span className="mono">{range}</span>
        {aside !== undefined && (
          <Text span size="xs" c="dimmed" className="tabular">
            {aside}
          </Text>
        )}
        {expiresAt !== null && (
          <Text span size="xs" c="dimmed" title={dateTime(expiresAt)}>
            {Date.parse(expiresAt) > now.getTime() ? 'expires' : 'expired'} {relativeTime(new Date(expiresAt), now)}
          </Text>
        )}
      </Group>
      {note !== null && (
        <Text size="xs" c="dimmed" dir="auto" style={{ overflowWrap: 'anywhere' }}>
          {note}
        </Text>
      )}
    </>
  );
}
