import { ActionIcon, Button, Combobox, Group, Kbd, Loader, Modal, Text, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue, useDisclosure, useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { WhoAmI } from '../api/session.js';
import { withCtrl } from '../ui/keys.js';
import { useTargets } from './use-targets.js';

interface Props {
  readonly me: WhoAmI;
  readonly tenantId: string | undefined;
}

const PAUSE_MS = 150;
const icon = <IconSearch size={16} stroke={1.75} aria-hidden />;

/** Ctrl-K: a box that opens an SMTP user, a page or a tenant, or shows who was denied from an address. */
export function Jump(whose: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  useHotkeys([['mod+K', open]], []);
  return (
    <>
      <Button
        visibleFrom="md"
        variant="default"
        size="xs"
        fw={400}
        c="dimmed"
        leftSection={icon}
        rightSection={<Kbd aria-hidden>{withCtrl('K')}</Kbd>}
        onClick={open}
        aria-haspopup="dialog"
        aria-keyshortcuts="Control+K"
      >
        Jump to …
      </Button>
      <ActionIcon hiddenFrom="md" size="lg" onClick={open} aria-haspopup="dialog" aria-label="Jump to …">
        {icon}
      </ActionIcon>
      <Modal
        opened={opened}
        onClose={close}
        withCloseButton={false}
        centered={false}
        padding={0}
        size={560}
        yOffset="12vh"
        attributes={{ content: { 'aria-label': 'Jump to' } }}
      >
        <Box {...whose} onClose={close} />
      </Modal>
    </>
  );
}

function Box({ me, tenantId, onClose }: Props & { readonly onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const [paused] = useDebouncedValue(typed.trim(), PAUSE_MS);
  const { groups, isFetching, problem } = useTargets(paused, tenantId, me);
  const combobox = useCombobox({ opened: true, onOpenedChange: (opened) => !opened && onClose() });
  const targets = groups.flatMap((group) => group.targets);
  const { selectFirstOption } = combobox;
  const shown = targets.map(({ key }) => key).join(' ');
  // The item that Enter opens is always marked, also after the list changed.
  useEffect(() => {
    selectFirstOption();
    // oxlint-disable-next-line react/exhaustive-deps -- the function is a new one at each drawing
  }, [shown]);
  return (
    <Combobox
      store={combobox}
      onOptionSubmit={(key) => {
        onClose();
        void targets.find((target) => target.key === key)?.go();
      }}
    >
      <Combobox.EventsTarget>
        <TextInput
          variant="unstyled"
          size="lg"
          px="xs"
          leftSection={icon}
          rightSection={isFetching && <Loader size={14} aria-hidden />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          placeholder={tenantId === undefined ? 'Tenant or page' : 'SMTP user, address or page'}
          aria-label="Jump to"
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
      </Combobox.EventsTarget>
      <Combobox.Options mah="min(420px, 56vh)" style={{ overflowY: 'auto' }} aria-label="Found">
        {groups.map(({ label, targets: ones }) => (
          <Combobox.Group key={label} label={label}>
            {ones.map(({ key, label: name, hint, icon: Icon }) => (
              <Combobox.Option key={key} value={key}>
                <Group gap="xs" wrap="nowrap">
                  {Icon && <Icon size={15} stroke={1.75} aria-hidden />}
                  <Text size="sm" flex={1} truncate>
                    {name}
                  </Text>
                  <Text size="xs" c="dimmed" truncate>
                    {hint}
                  </Text>
                </Group>
              </Combobox.Option>
            ))}
          </Combobox.Group>
        ))}
      </Combobox.Options>
      {targets.length === 0 && (
        <Text size="sm" c="dimmed" ta="center" p="md" role="status">
          {problem ?? (isFetching || paused !== typed.trim() ? 'Searching …' : 'Nothing found.')}
        </Text>
      )}
    </Combobox>
  );
}
