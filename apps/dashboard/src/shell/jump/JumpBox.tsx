import { Combobox, Loader, Modal, Text, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { WhoAmI } from '../../api/session.js';
import classes from './JumpBox.module.css';
import { useTargets } from './use-targets.js';

interface Props {
  readonly me: WhoAmI;
  readonly tenantId: string | undefined;
  readonly opened: boolean;
  readonly onClose: () => void;
}

const PAUSE_MS = 150;

export function JumpBox({ opened, onClose, ...whose }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      withCloseButton={false}
      centered={false}
      padding={0}
      size={560}
      yOffset="12vh"
      attributes={{ content: { 'aria-label': 'Jump to' } }}
    >
      <Box onClose={onClose} {...whose} />
    </Modal>
  );
}

function Box({ me, tenantId, onClose }: Omit<Props, 'opened'>) {
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
        <div className={classes['search']}>
          <IconSearch size={17} stroke={1.75} aria-hidden />
          <input
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            placeholder={tenantId === undefined ? 'Tenant or page' : 'SMTP user, address or page'}
            aria-label="Jump to"
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
          {isFetching && <Loader size={14} aria-hidden />}
        </div>
      </Combobox.EventsTarget>
      <Combobox.Options className={classes['list']} aria-label="Found">
        {groups.map(({ label, targets: ones }) => (
          <Combobox.Group
            key={label}
            label={label}
            classNames={{ group: classes['group'], groupLabel: classes['label'] }}
          >
            {ones.map(({ key, label: name, hint, icon: Icon }) => (
              <Combobox.Option key={key} value={key} className={classes['option']}>
                {Icon && <Icon size={15} stroke={1.75} aria-hidden />}
                <span className={classes['name']}>{name}</span>
                {hint !== undefined && <span className={classes['hint']}>{hint}</span>}
              </Combobox.Option>
            ))}
          </Combobox.Group>
        ))}
      </Combobox.Options>
      {targets.length === 0 && (
        <Text className={classes['nothing']} role="status">
          {problem ?? (isFetching || paused !== typed.trim() ? 'Searching …' : 'Nothing found.')}
        </Text>
      )}
    </Combobox>
  );
}
