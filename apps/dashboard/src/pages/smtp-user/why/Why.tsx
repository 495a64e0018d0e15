import { Autocomplete, Button, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { parseAddress } from '@postern/ip-ranges';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { api, take } from '../../../api/client.js';
import { By } from '../../../changes/ChangeDetails.js';
import { titleOf } from '../../../changes/change-diff.js';
import { readHistory } from '../../../changes/queries.js';
import { deniedIpsQuery } from '../../../denials/queries.js';
import { Dimmed } from '../../../ui/Dimmed.js';
import { fromField, toField } from '../../../ui/dates.js';
import { Failed } from '../../../ui/States.js';
import { Time } from '../../../ui/Time.js';
import type { SmtpUser } from '../smtp-user.js';
import { causeOf, inWords, type Checked } from './why-words.js';

const HERE = '/signed-in/t/$tenantId/smtp-users/$smtpUserId';
/** The cause is searched among this many changes. */
const NEWEST = 500;

export function Why({ user }: { readonly user: SmtpUser }) {
  const { why: fromUrl, at } = useSearch({ from: HERE });
  const navigate = useNavigate({ from: '/t/$tenantId/smtp-users/$smtpUserId' });
  const [last, setLast] = useState(fromUrl);
  const [typed, setTyped] = useState(fromUrl ?? '');
  const [past, setPast] = useState(at !== undefined);
  const [time, setTime] = useState(toField(at));
  // A link or the back button changed the URL.
  if (fromUrl !== last) {
    setLast(fromUrl);
    setTyped(fromUrl ?? '');
  }
  const denied = useInfiniteQuery(deniedIpsQuery(user));
  const addresses = denied.data?.slice(0, 5).map(({ ip }) => ip) ?? [];
  const ask = (ip: string) => {
    setLast(ip);
    void navigate({
      search: (before) => ({ ...before, why: ip, at: past ? fromField(time) : undefined }),
      replace: true,
      resetScroll: false,
    });
  };
  const address = fromUrl === undefined ? null : parseAddress(fromUrl);
  return (
    <Stack component="section" aria-labelledby="why" gap="xs">
      <Title order={2} id="why" fz="sm">
        Why?
      </Title>
      <Group
        component="form"
        gap="xs"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          if (typed.trim() !== '') ask(typed.trim());
        }}
      >
        <Autocomplete
          aria-label="Address to check"
          placeholder="an address, 203.0.113.9"
          value={typed}
          onChange={setTyped}
          onOptionSubmit={ask}
          data={addresses.length > 0 ? [{ group: 'From the denials', items: addresses }] : []}
          filter={({ options }) => options}
          maxLength={64}
          spellCheck={false}
          classNames={{ input: 'mono', option: 'mono' }}
          flex={{ base: '1 1 100%', sm: '0 1 300px' }}
        />
        <Select
          aria-label="When"
          data={[
            { value: 'now', label: 'now' },
            { value: 'at', label: 'at a time …' },
          ]}
          value={past ? 'at' : 'now'}
          onChange={(value) => setPast(value === 'at')}
          allowDeselect={false}
          w={124}
        />
        {past && (
          <TextInput
            aria-label="Time"
            type="datetime-local"
            required
            value={time}
            onChange={(event) => setTime(event.currentTarget.value)}
          />
        )}
        <Button type="submit" variant="default" disabled={typed.trim() === ''}>
          Check
        </Button>
      </Group>
      <Stack gap={2} aria-live="polite" style={{ overflowWrap: 'anywhere' }}>
        {address?.ok === false && <Wrong detail={address.detail} suggestions={address.suggestions} use={ask} />}
        {address?.ok === true && <Decision user={user} ip={address.value.text} at={at} />}
      </Stack>
    </Stack>
  );
}

function Wrong({
  detail,
  suggestions,
  use,
}: {
  readonly detail: string;
  readonly suggestions: readonly string[];
  readonly use: (ip: string) => void;
}) {
  return (
    <Text size="sm">
      {detail}{' '}
      {suggestions.map((each) => (
        <Button key={each} size="compact-xs" variant="default" className="mono" onClick={() => use(each)}>
          Use {each}
        </Button>
      ))}
    </Text>
  );
}

function Decision({ user, ip, at }: { readonly user: SmtpUser; readonly ip: string; readonly at: string | undefined }) {
  const { tenantId, id: smtpUserId } = user;
  const { data, error, refetch } = useQuery({
    // The version is part of the key, so that the query runs again after a change.
    queryKey: ['check', tenantId, smtpUserId, ip, at, user.restriction.version],
    queryFn: ({ signal }) => {
      const header = { 'Postern-Min-Version': String(user.restriction.version) };
      const params = { path: { tenantId, smtpUserId }, query: { ip, ...(at && { at }) }, header };
      return take(api.GET('/v1/tenants/{tenantId}/smtp-users/{smtpUserId}/restriction/check', { params, signal }));
    },
    placeholderData: (shown) => (shown?.ip === ip ? shown : undefined),
  });
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Dimmed size="sm">Checking …</Dimmed>;
  const { decision, tone, why } = inWords(data, at !== undefined);
  return (
    <>
      <Text size="sm">
        <span className="mono">{data.ip}</span>
        {at !== undefined && (
          <>
            {' '}
            on <Time at={data.at} exact />
          </>
        )}{' '}
        →{' '}
        <Text span inherit fw={600} {...(tone && { c: `var(--postern-${tone}-text)` })}>
          {decision}
        </Text>
        : {why}.{' '}
        <Text span size="xs" c="dimmed" className="mono">
          {data.reason}
        </Text>
      </Text>
      <Because user={user} checked={data} />
    </>
  );
}

function Because({ user, checked }: { readonly user: SmtpUser; readonly checked: Checked }) {
  const { tenantId, id: smtpUserId } = user;
  const { data: changes } = useQuery({
    queryKey: ['causes', tenantId, smtpUserId, checked.version],
    queryFn: ({ signal }) => readHistory(tenantId, smtpUserId, { limit: NEWEST }, signal),
  });
  const change = changes && causeOf(checked, changes.items);
  if (!change) return null;
  return (
    <Dimmed size="sm">
      The change that caused this: {titleOf(change)}, by <By actor={change.actor} />, <Time at={change.occurredAt} />.{' '}
      <Link
        from="/t/$tenantId/smtp-users/$smtpUserId"
        search={(before) => ({ ...before, tab: 'history' as const })}
        resetScroll={false}
        style={{ textDecoration: 'underline' }}
      >
        History
      </Link>
    </Dimmed>
  );
}
