import { Button, Menu, Stack, Text } from '@mantine/core';
import { IconCheck, IconChevronDown } from '@tabler/icons-react';
import { useState } from 'react';
import { Dimmed } from '../../../ui/Dimmed.js';
import { Confirm } from '../../../ui/Dialog.js';
import { modeAt } from '../../../restriction-words.js';
import { ExpiryField } from '../../../ui/ExpiryField.js';
import { useNow } from '../../../ui/use-now.js';
import { showDone } from '../../../ui/toast.js';
import { PreviewFigures } from '../sources/PreviewFigures.js';
import { changeMode, useRestrictionChange, type Mode, type ModeSetting, type SmtpUser } from '../smtp-user.js';

const MODES: readonly { readonly mode: Mode; readonly name: string; readonly does: string }[] = [
  { mode: 'enforce', name: 'Enforced', does: 'A login from an address that is not on the list is refused.' },
  {
    mode: 'report-only',
    name: 'Report only',
    does: 'Every login is let through. Those that would be refused are recorded.',
  },
];

const NO_OTHER_CHANGE = {};

export function ModeSwitch({ user, writable }: { readonly user: SmtpUser; readonly writable: boolean }) {
  const [chosen, setChosen] = useState<Mode | null>(null);
  const [enforceAt, setEnforceAt] = useState<string | null>(null);
  const change = useRestrictionChange(user, (setting: ModeSetting) => changeMode(user, setting));
  const now = modeAt(user.restriction, useNow());
  const name = MODES.find(({ mode }) => mode === now)?.name ?? now;
  if (!writable)
    return (
      <Text
        size="sm"
        fw={500}
        c={now === 'report-only' ? 'var(--postern-warn-text)' : 'dimmed'}
        title={MODES.find(({ mode }) => mode === now)?.does}
      >
        {name}
      </Text>
    );
  const choose = (mode: Mode) => {
    setEnforceAt(mode === now ? user.restriction.enforceAt : null);
    // Choosing `report-only` again can change its end.
    if (mode !== now || mode === 'report-only') setChosen(mode);
  };
  const close = () => {
    setChosen(null);
    change.reset();
  };
  return (
    <>
      <Menu position="bottom-end" width={300}>
        <Menu.Target>
          <Button
            variant="default"
            aria-label={`Mode: ${name}`}
            rightSection={<IconChevronDown size={14} aria-hidden />}
            {...(now === 'report-only' && { c: 'var(--postern-warn-text)' })}
          >
            {name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {MODES.map(({ mode, name, does }) => (
            <Menu.Item
              key={mode}
              aria-current={mode === now}
              onClick={() => choose(mode)}
              rightSection={mode === now && <IconCheck size={16} aria-hidden />}
            >
              <Text size="sm" fw={500}>
                {name}
              </Text>
              <Dimmed size="xs">{does}</Dimmed>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={chosen !== null}
        onClose={close}
        title={chosen === 'enforce' ? 'Enforce the list' : 'Only report'}
        action={chosen === 'enforce' ? 'Enforce the list' : 'Only report'}
        pending={change.isPending}
        error={change.error}
        onConfirm={() =>
          chosen !== null &&
          change.mutate(
            { mode: chosen, enforceAt: chosen === 'report-only' ? enforceAt : null },
            {
              onSuccess: () => {
                showDone(
                  chosen === 'enforce'
                    ? 'The list is enforced.'
                    : 'Nothing is refused now. Logins from other addresses are recorded.',
                );
                close();
              },
            },
          )
        }
      >
        <Stack gap="sm">
          <Text size="sm">{consequence(user, chosen)}</Text>
          {chosen === 'report-only' && (
            <>
              <ExpiryField label="Enforced from" value={enforceAt} onChange={setEnforceAt} />
              {enforceAt !== null && (
                <Dimmed size="sm">
                  From then on every relay refuses what is not on the list, also one that is not connected.
                </Dimmed>
              )}
            </>
          )}
          {user.restriction.restricted && <PreviewFigures user={user} change={NO_OTHER_CHANGE} />}
        </Stack>
      </Confirm>
    </>
  );
}

function consequence({ restriction, username }: SmtpUser, chosen: Mode | null): string {
  if (chosen === 'report-only')
    return `Until the list is enforced again, anyone with the password of ${username} can log in from every address. Logins from addresses that are not on the list are recorded under “Denied”.`;
  if (!restriction.restricted) return 'The list has no addresses yet. Once it has, every other address is refused.';
  return 'From now on, logins from addresses that are not on the list are refused. Look under “Denied” first: it has the addresses that would have been refused.';
}
