import { Button } from '@mantine/core';
import { Fragment, useState, type ReactNode } from 'react';
import { Dimmed } from '../ui/Dimmed.js';
import { Copy, Mono } from '../ui/Mono.js';
import { Time } from '../ui/Time.js';
import { diffOf, titleOf, type Change } from './change-diff.js';
import classes from './ChangeDetails.module.css';

const SHOWN = 12;

export function Difference({ changes }: { readonly changes: readonly Change[] }) {
  const [all, setAll] = useState(false);
  const lines = changes.flatMap(diffOf);
  const shown = all ? lines : lines.slice(0, SHOWN);
  if (lines.length === 0) return null;
  return (
    <div>
      <ul className={classes['diff']}>
        {shown.map(({ sign, text, detail }, at) => (
          // Lines have no identity of their own, and never move.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={at} className={classes['line']} data-sign={sign}>
            <span className={classes['sign']} aria-label={sign === '+' ? 'added' : 'removed'}>
              {sign === '+' ? '+' : '−'}
            </span>
            <span className="mono">{text}</span>
            {detail !== null && (
              <span className={classes['detail']} dir="auto">
                {detail}
              </span>
            )}
          </li>
        ))}
      </ul>
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

export function ChangeDetails({
  changes,
  withDifference = true,
}: {
  readonly changes: readonly Change[];
  readonly withDifference?: boolean;
}) {
  const [change] = changes;
  if (!change) return null;
  return (
    <div className={classes['details']}>
      {withDifference && <Difference changes={changes} />}
      <Facts
        facts={{
          Who: <By actor={change.actor} />,
          Key: (
            <span className="mono">
              {change.actor.keyId} <Copy value={change.actor.keyId} label="Copy the key’s id" />
            </span>
          ),
          Session: change.actor.sessionId === undefined ? null : <Mono>{change.actor.sessionId}</Mono>,
          When: <Time at={change.occurredAt} exact />,
          Request: (
            <span className="mono">
              {change.requestId} <Copy value={change.requestId} label="Copy the request’s id" />
            </span>
          ),
          Version: <span className="mono">{change.version}</span>,
        }}
      />
      <Raw what={changes.length === 1 ? 'event' : 'events'} value={changes.length === 1 ? change : changes} />
    </div>
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
