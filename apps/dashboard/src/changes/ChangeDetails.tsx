import { Button, Stack, Text } from '@mantine/core';
import { Fragment, useState, type ReactNode } from 'react';
import { Dimmed } from '../ui/Dimmed.js';
import { Copy, Mono } from '../ui/Mono.js';
import { Time } from '../ui/Time.js';
import { diffOf, titleOf, type Change } from './change-diff.js';
import classes from './ChangeDetails.module.css';
import { ChangeLine, ChangeLines } from './ChangeLines.js';

const SHOWN = 12;

export function Difference({ changes }: { readonly changes: readonly Change[] }) {
  const [all, setAll] = useState(false);
  const lines = changes.flatMap(diffOf);
  const shown = all ? lines : lines.slice(0, SHOWN);
  if (lines.length === 0) return null;
  return (
    <div>
      <ChangeLines>
        {shown.map(({ kind, text, detail }, at) => (
          // Lines have no identity of their own, and never move.
          // oxlint-disable-next-line react/no-array-index-key
          <ChangeLine key={at} kind={kind}>
            <span className="mono">{text}</span>{' '}
            <Text span size="sm" c="var(--postern-text-soft)" dir="auto">
              {detail}
            </Text>
          </ChangeLine>
        ))}
      </ChangeLines>
      {shown.length < lines.length && (
        <Button size="compact-xs" variant="subtle" mt={4} onClick={() => setAll(true)}>
          Show all {lines.length.toLocaleString('en')} lines
        </Button>
      )}
    </div>
  );
}

export function By({ actor }: Pick<Change, 'actor'>) {
  return (
    <>
      {actor.name}
      <Dimmed>
        {' '}
        ({actor.role}
        {actor.sessionId === undefined ? '' : ', in the dashboard'})
      </Dimmed>
    </>
  );
}

/** Who made the changes of one request, when and how, and the raw events. */
export function ChangeDetails({ changes }: { readonly changes: readonly Change[] }) {
  const [change] = changes;
  if (!change) return null;
  return (
    <Stack gap={20}>
      <Facts
        facts={{
          Who: <By actor={change.actor} />,
          Key: <Id of="key" value={change.actor.keyId} />,
          Session: change.actor.sessionId === undefined ? null : <Mono>{change.actor.sessionId}</Mono>,
          When: <Time at={change.occurredAt} exact />,
          Request: <Id of="request" value={change.requestId} />,
          Version: <span className="mono">{change.version}</span>,
        }}
      />
      <Raw what={changes.length === 1 ? 'event' : 'events'} value={changes.length === 1 ? change : changes} />
    </Stack>
  );
}

export function Id({ of, value }: { readonly of: string; readonly value: string }) {
  return (
    <span className="mono">
      {value} <Copy value={value} label={`Copy the ${of}’s id`} />
    </span>
  );
}

export function Facts({ facts }: { readonly facts: Readonly<Record<string, ReactNode>> }) {
  return (
    <dl className={classes['facts']}>
      {Object.entries(facts).map(
        ([name, value]) =>
          value !== null && (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </Fragment>
          ),
      )}
    </dl>
  );
}

export function Raw({ what, value }: { readonly what: string; readonly value: unknown }) {
  const text = JSON.stringify(value, null, 2);
  return (
    <div className={classes['raw']}>
      <details>
        <summary>Raw {what}</summary>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls: the keyboard reaches it */}
        <pre tabIndex={0} className="mono" aria-label={`Raw ${what}`}>
          {text}
        </pre>
      </details>
      <Copy value={text} label={`Copy the raw ${what}`} />
    </div>
  );
}

export function titleOfAll(changes: readonly Change[]): string {
  return changes.map(titleOf).join('; ');
}
