import { Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, take } from '../../../api/client.js';
import { Failed } from '../../../ui/States.js';
import { Time } from '../../../ui/Time.js';
import type { Restriction, SmtpUser } from '../smtp-user.js';
import classes from './Editor.module.css';
import { differenceOf, disputed, merged, sideOf, type Disputed, type Side } from './difference.js';
import { Line } from './Judgement.js';
import type { Listed } from './list-as-text.js';

interface Props {
  readonly user: SmtpUser;
  readonly base: readonly Listed[];
  readonly theirs: Restriction;
  readonly mine: readonly Listed[];
  readonly save: (entries: readonly Listed[]) => void;
  readonly saving: boolean;
  readonly error: Error | null;
  readonly back: () => void;
}

/** Somebody else saved the list meanwhile. Shows each entry that either side changed, with a choice of side. */
export function Conflict({ user, base, theirs, mine, save, saving, error, back }: Props) {
  const [chosen, setChosen] = useState<ReadonlyMap<string, Side>>(new Map());
  const now = theirs.entries.map(listedOf);
  const rows = disputed(base, now, mine);
  const side = (row: Disputed) => chosen.get(row.range) ?? sideOf(row);
  const after = merged(now, rows, side);
  const changes = differenceOf(now, after);
  const clashes = rows.filter(({ clash }) => clash).length;
  return (
    <Stack gap="sm">
      <div>
        <Text fw={600}>The list was changed while you were typing</Text>
        <LastChange user={user} version={theirs.version} />
        <Text size="sm" c="dimmed">
          Choose whose line to keep, entry by entry. What only one of you touched is chosen already
          {clashes > 0 && `; you both changed ${clashes === 1 ? 'one entry' : `${clashes} entries`}`}.
        </Text>
      </div>
      <div>
        {rows.map((row) => (
          <Choice
            key={row.range}
            row={row}
            side={side(row)}
            choose={(to) => setChosen(new Map(chosen).set(row.range, to))}
          />
        ))}
      </div>
      {after.length === 0 && <Text size="sm">A list without entries would refuse every login: keep one entry.</Text>}
      {error && <Failed error={error} />}
      <Group justify="space-between" className={classes['footer']}>
        <Button variant="subtle" color="gray" onClick={back} disabled={saving}>
          Back
        </Button>
        <Button onClick={() => save(after)} loading={saving} disabled={changes.length === 0 || after.length === 0}>
          {changes.length === 0
            ? 'Nothing to save'
            : `Save ${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`}
        </Button>
      </Group>
    </Stack>
  );
}

const listedOf = ({ range, note, expiresAt }: Listed): Listed => ({ range, note, expiresAt });

function Choice({
  row,
  side,
  choose,
}: {
  readonly row: Disputed;
  readonly side: Side;
  readonly choose: (side: Side) => void;
}) {
  return (
    <fieldset className={classes['sides']}>
      <legend>
        <span className={classes['line']}>
          <span className="mono">{row.range}</span>
          <Text span size="xs" c={row.clash ? 'var(--postern-warn-text)' : 'dimmed'}>
            {row.clash
              ? 'changed by both'
              : row.changedBy === 'me'
                ? 'changed by you'
                : row.changedBy === 'them'
                  ? 'changed by them'
                  : 'both did the same'}
          </Text>
        </span>
      </legend>
      {(['theirs', 'mine'] as const).map((one) => (
        <label key={one} className={classes['side']}>
          <input type="radio" name={`keep-${row.range}`} checked={side === one} onChange={() => choose(one)} />
          <span>
            <Text size="xs" c="dimmed">
              {one === 'theirs' ? 'Theirs' : 'Yours'}
            </Text>
            <What entry={row[one]} base={row.base} />
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
  return <Line range={entry.range} entry={entry} aside={base === null ? 'added' : 'on the list'} />;
}

/** Who changed it, if the audit trail has that already. */
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
  if (last?.version !== version) return null;
  return (
    <Text size="sm" c="dimmed">
      By {last.actor.name}, <Time at={last.occurredAt} />.
    </Text>
  );
}
