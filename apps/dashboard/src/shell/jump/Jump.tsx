import { ActionIcon, Kbd, UnstyledButton } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { WhoAmI } from '../../api/session.js';
import { withCtrl } from '../../ui/keys.js';
import classes from './Jump.module.css';

const load = async () => ({ default: (await import('./JumpBox.js')).JumpBox });
const JumpBox = lazy(load);
/** When the page itself has been loaded. */
const LOADED_AFTER_MS = 1_000;

interface Props {
  readonly me: WhoAmI;
  readonly tenantId: string | undefined;
}

export function Jump({ me, tenantId }: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  const [used, setUsed] = useState(false);
  const show = () => {
    setUsed(true);
    open();
  };
  useHotkeys([['mod+K', show]], []);
  // Keys that are typed before the box is there would be lost, and people type on right after Ctrl-K.
  useEffect(() => {
    // If it fails, Ctrl-K tries again.
    const later = setTimeout(() => void load().catch(() => undefined), LOADED_AFTER_MS);
    return () => clearTimeout(later);
  }, []);
  return (
    <>
      <UnstyledButton className={classes['button']} onClick={show} aria-haspopup="dialog" aria-keyshortcuts="Control+K">
        <IconSearch size={15} stroke={1.75} aria-hidden />
        <span className={classes['words']}>Jump to …</span>
        <Kbd size="xs" aria-hidden>
          {withCtrl('K')}
        </Kbd>
      </UnstyledButton>
      <ActionIcon className={classes['icon']} size="lg" onClick={show} aria-haspopup="dialog" aria-label="Jump to …">
        <IconSearch size={17} stroke={1.75} aria-hidden />
      </ActionIcon>
      {used && (
        <Suspense fallback={null}>
          <JumpBox me={me} tenantId={tenantId} opened={opened} onClose={close} />
        </Suspense>
      )}
    </>
  );
}
