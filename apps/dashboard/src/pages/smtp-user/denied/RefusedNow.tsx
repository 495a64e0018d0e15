import { Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { AllowAddress } from '../../../denials/AllowAddress.js';
import { recentRefusalsQuery } from '../../../denials/queries.js';
import { inPlace, letsIn, refusalsOf, type Refusal } from '../../../denials/refusals.js';
import { counted, EXPLAINED, listed } from '../../../denials/words.js';
import { timeOfDay } from '../../../ui/dates.js';
import { LiveMark } from '../../../ui/LiveMark.js';
import { Time } from '../../../ui/Time.js';
import type { SmtpUser } from '../smtp-user.js';
import { useLiveDenials } from './LiveDenials.js';
import classes from './RefusedNow.module.css';

const SHOWN = 3;

export function RefusedNow({ user }: { readonly user: SmtpUser }) {
  const { data } = useQuery(recentRefusalsQuery(user));
  const live = useLiveDenials();
  const [allowed, setAllowed] = useState<readonly string[]>([]);
  const [places, setPlaces] = useState<readonly string[]>([]);
  const shown = inPlace(refusalsOf(data?.items ?? []), places).filter(
    ({ ip }) => allowed.includes(ip) || !letsIn(user.restriction, ip),
  );
  const fresh = shown.filter(({ ip }) => !places.includes(ip)).map(({ ip }) => ip);
  if (fresh.length > 0) setPlaces([...places, ...fresh]);
  if (shown.length === 0 || (user.restriction.mode !== 'enforce' && allowed.length === 0)) return null;
  return (
    <section className={classes['panel']} aria-labelledby="refused-now">
      <div className={classes['head']}>
        <h2 id="refused-now" className={classes['title']}>
          Refused now
        </h2>
        {live.state === 'stale' && <LiveMark live={live} />}
      </div>
      <ul className={classes['list']}>
        {shown.slice(0, SHOWN).map((refusal, index) => (
          <li key={refusal.ip} className={classes['row']}>
            <Text span className={`mono ${classes['ip'] ?? ''}`}>
              {refusal.ip}
            </Text>
            <Words {...refusal} />
            <div className={classes['action']} aria-live="polite">
              {letsIn(user.restriction, refusal.ip) ? (
                <Text size="sm" className={classes['allowed']}>
                  Allowed: every relay has it within seconds
                </Text>
              ) : (
                <AllowAddress
                  user={user}
                  ip={refusal.ip}
                  label="Allow this address"
                  size="sm"
                  variant={index === 0 ? 'filled' : 'default'}
                  onAllowed={() => setAllowed((before) => [...before, refusal.ip])}
                />
              )}
            </div>
          </li>
        ))}
      </ul>
      {shown.length > SHOWN && (
        <Button
          variant="subtle"
          size="compact-sm"
          ml={-8}
          mt={6}
          renderRoot={(props) => (
            <Link
              {...props}
              from="/t/$tenantId/smtp-users/$smtpUserId"
              search={(before) => ({ ...before, tab: 'denied' as const })}
            />
          )}
        >
          {counted(shown.length - SHOWN, 'more address', 'more addresses')}
        </Button>
      )}
    </section>
  );
}

function Words({ refused, since, last, relays, reason }: Refusal) {
  return (
    <div className={classes['words']}>
      <Text size="sm">
        <Text span inherit fw={600} className="tabular">
          {counted(refused, 'login')}
        </Text>{' '}
        refused since <time dateTime={since}>{timeOfDay(since)}</time>, by {listed(relays)}, the last one{' '}
        <Time at={last} />
      </Text>
      <Text size="sm" c="var(--postern-text-soft)">
        {EXPLAINED[reason]}
      </Text>
    </div>
  );
}
