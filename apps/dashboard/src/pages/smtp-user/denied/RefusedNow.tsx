import { Button, Group, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { AllowAddress } from '../../../denials/AllowAddress.js';
import { deniedIpsQuery } from '../../../denials/queries.js';
import { inPlace, letsIn } from '../../../denials/refusals.js';
import { counted, EXPLAINED, listed, type DeniedIp } from '../../../denials/words.js';
import { LiveMark } from '../../../ui/LiveMark.js';
import { Time } from '../../../ui/Time.js';
import type { Live } from '../../../ui/use-live.js';
import { useNow } from '../../../ui/use-now.js';
import type { SmtpUser } from '../smtp-user.js';
import classes from './RefusedNow.module.css';

const SHOWN = 3;

/** A refused client tries again with growing pauses: what was refused an hour ago is probably still refused. */
const RECENT_MS = 3_600_000;

export function RefusedNow({ user, live }: { readonly user: SmtpUser; readonly live: Live }) {
  const { data: denied = [] } = useInfiniteQuery(deniedIpsQuery(user));
  const since = useNow().getTime() - RECENT_MS;
  const [allowed, setAllowed] = useState<readonly string[]>([]);
  const [places, setPlaces] = useState<readonly string[]>([]);
  const recent = denied.filter(({ lastDeniedAt }) => Date.parse(lastDeniedAt) > since);
  const shown = inPlace(recent, places).filter(({ ip }) => allowed.includes(ip) || !letsIn(user.restriction, ip));
  const fresh = shown.filter(({ ip }) => !places.includes(ip)).map(({ ip }) => ip);
  if (fresh.length > 0) setPlaces([...places, ...fresh]);
  if (shown.length === 0 || (user.restriction.mode !== 'enforce' && allowed.length === 0)) return null;
  return (
    <section className={classes['panel']} aria-labelledby="refused-now">
      <Group justify="space-between">
        <Title order={2} id="refused-now" fz="sm" c="var(--postern-refused-text)">
          Refused now
        </Title>
        {live.state === 'stale' && <LiveMark live={live} />}
      </Group>
      <ul className={classes['list']}>
        {shown.slice(0, SHOWN).map((address, index) => (
          <li key={address.ip} className={classes['row']}>
            <Text span className="mono" fz="0.9375rem" fw={600} lh={1.3} style={{ alignSelf: 'start' }}>
              {address.ip}
            </Text>
            <Words {...address} />
            <div className={classes['action']} aria-live="polite">
              {letsIn(user.restriction, address.ip) ? (
                <Text size="sm" c="var(--postern-added-text)">
                  Allowed: every relay has it within seconds
                </Text>
              ) : (
                <AllowAddress
                  user={user}
                  ip={address.ip}
                  label="Allow this address"
                  size="sm"
                  variant={index === 0 ? 'filled' : 'default'}
                  onAllowed={() => setAllowed((before) => [...before, address.ip])}
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

function Words({ count, firstDeniedAt, lastDeniedAt, relays, reasons }: DeniedIp) {
  return (
    <div>
      <Text size="sm">
        <Text span inherit fw={600} className="tabular">
          {counted(count, 'login')}
        </Text>{' '}
        denied since <Time at={firstDeniedAt} exact />, by {listed(relays)}, the last one <Time at={lastDeniedAt} />
      </Text>
      <Text size="sm" c="var(--postern-text-soft)">
        {reasons.map((reason) => EXPLAINED[reason]).join('; ')}
      </Text>
    </div>
  );
}
