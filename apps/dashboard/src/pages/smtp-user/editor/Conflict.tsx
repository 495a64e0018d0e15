import { Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { api, take } from '../../../api/client.js';
import { counted } from '../../../denials/words.js';
import { Dimmed } from '../../../ui/Dimmed.js';
import { dateTime } from '../../../ui/dates.js';
import { Failed } from '../../../ui/States.js';
import { onSingleClick } from '../../../ui/single-click.js';
import { Time } from '../../../ui/Time.js';
import { PreviewFigures } from '../sources/PreviewFigures.js';
import { requestedOf, type ModeSetting, type Restriction, type SmtpUser } from '../smtp-user.js';
import classes from './Editor.module.css';
import { differenceOf, disputed, merged, sideOf, type Disputed, type Side } from './difference.js';
import { Line } from './Judgement.js';
import type { Listed } from './list-as-text.js';

interface Props {
  readonly user: SmtpUser;
  readonly base: readonly Listed[];
  readonly theirs: Restriction;
  readonly mine: readonly Listed[];
  readonly setting: ModeSetting | null;
  readonly save: (entries: readonly Listed[], setting: ModeSetting | null) => void;
  readonly saving: boolean;
  readonly error: Error | null;
  readonly back: () => void;
}

/** For a list that somebody else has saved since it was opened. Shows each entry that either side changed, with a choice of side. */
export function Conflict({ user, base, theirs, mine, setting, save, saving, error, back }: Props) {
  const [chosen, setChosen] = useState<ReadonlyMap<string, Side>>(new Map());
  const [modeSide, setModeSide] = useState<Side>('mine');
  const otherMode = setting !== null && modeInWords(setting) !== modeInWords(theirs) ? setting : null;
  const savedMode = modeSide === 'mine' ? otherMode : null;
  const now = theirs.entries.map(listedOf);
  const rows = disputed(base, now, mine);
  const side = (row: Disputed) => chosen.get(row.range) ?? sideOf(row);
  const after = merged(now, rows, side);
  const changes = differenceOf(now, after).length + (savedMode === null ? 0 : 1);
  const clashes = rows.filter(({ clash }) => clash).length;
  return (
    <Stack gap="sm" flex={1}>
      <div>
        <Text fw={600}>The list was changed while you were typing</Text>
        <LastChange user={user} version={theirs.version} />
        <Dimmed size="sm">
          Choose which line to keep for each entry. What only one of you changed is chosen already
          {clashes > 0 && `; you both changed ${clashes === 1 ? 'one entry' : `${clashes} entries`}`}.
        </Dimmed>
      </div>
      <div>
        {otherMode !== null && (
          <Choice
            name="mode"
            legend="Mode"
            side={modeSide}
            choose={setModeSide}
            theirs={modeInWords(theirs)}
            mine={modeInWords(otherMode)}
          />
        )}
        {rows.map((row) => (
          <Choice
            key={row.range}
            name={row.range}
            legend={
              <>
                <span className="mono">{row.range}</span>
                <Text span size="xs" c={row.clash ? 'var(--postern-warn-text)' : 'dimmed'}>
                  {row.clash ? 'changed by both' : CHANGED_BY[row.changedBy]}
                </Text>
              </>
            }
            side={side(row)}
            choose={(to) => setChosen(new Map(chosen).set(row.range, to))}
            theirs={<What entry={row.theirs} base={row.base} />}
            mine={<What entry={row.mine} base={row.base} />}
          />
        ))}
      </div>
      {after.length > 0 && <PreviewFigures user={user} change={{ entries: after.map(requestedOf) }} />}
      {after.length === 0 && <Text size="sm">A list without entries would refuse every login. Keep one entry.</Text>}
      <Stack gap="sm" className={classes['footer']}>
        {error && <Failed error={error} />}
        <Group justify="space-between">
          <Button variant="subtle" color="gray" onClick={back} disabled={saving}>
            Back
          </Button>
          <Button
            onClick={onSingleClick(() => save(after, savedMode))}
            loading={saving}
            disabled={changes === 0 || after.length === 0}
          >
            {changes === 0 ? 'Nothing to save' : `Save ${counted(changes, 'change')}`}
          </Button>
        </Group>
      </Stack>
    </Stack>
  );
}

const listedOf = ({ range, note, expiresAt }: Listed): Listed => ({ range, note, expiresAt });

const CHANGED_BY = { me: 'changed by you', them: 'changed by them', both: 'both did the same' } as const;

const modeInWords = ({ mode, enforceAt }: ModeSetting): string =>
  mode === 'enforce' ? 'Enforced' : `Report only${enforceAt === null ? '' : ` until ${dateTime(enforceAt)}`}`;

interface ChoiceProps {
  readonly name: string;
  readonly legend: ReactNode;
  readonly side: Side;
  readonly choose: (side: Side) => void;
  readonly theirs: ReactNode;
  readonly mine: ReactNode;
}

function Choice({ name, legend, side, choose, ...sides }: ChoiceProps) {
  return (
    <fieldset className={classes['sides']}>
      <legend>
        <span className={classes['line']}>{legend}</span>
      </legend>
      {(['theirs', 'mine'] as const).map((one) => (
        <label key={one} className={classes['side']}>
          <input type="radio" name={`keep-${name}`} checked={side === one} onChange={() => choose(one)} />
          <span>
            <Dimmed size="xs">{one === 'theirs' ? 'Theirs' : 'Yours'}</Dimmed>
            {sides[one]}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function What({ entry, base }: { readonly entry: Listed | null; readonly base: Listed | null }) {
  if (entry === null)
    return (
      <Text size="sm" c={base === null ? 'dimmed' : 'var(--postern-removed-text)'}>
        {base === null ? 'not on the list' : 'removed'}
      </Text>
    );
  return <Line entry={entry} aside={base === null ? 'added' : 'on the list'} />;
}

/** Who changed it, if the audit trail has that already. The line is there before. */
function LastChange({ user, version }: { readonly user: SmtpUser; readonly version: number }) {
  const { data } = useQuery({
    queryKey: ['last-change', user.id, version],
    queryFn: ({ signal }) =>
      take(
        api.GET('/v1/tenants/{tenantId}/smtp-users/{smtpUserId}/history', {
          params: { path: { tenantId: user.tenantId, smtpUserId: user.id }, query: { limit: 1 } },
          signal,
        }),
      ),
  });
  const [last] = data?.items ?? [];
  return (
    <Text size="sm" c="dimmed" mih="1lh" truncate>
      {last?.version === version && (
        <>
          By {last.actor.name}, <Time at={last.occurredAt} />.
        </>
      )}
    </Text>
  );
}
