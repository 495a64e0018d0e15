import { ActionIcon, Tooltip, useMantineColorScheme } from '@mantine/core';
import { IconDeviceDesktop, IconMoon, IconSun } from '@tabler/icons-react';

const NEXT = { auto: 'light', light: 'dark', dark: 'auto' } as const;
const NAME = { auto: 'as the system', light: 'light', dark: 'dark' } as const;
const ICON = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon } as const;

export function ColorScheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = NEXT[colorScheme];
  const Icon = ICON[colorScheme];
  return (
    <Tooltip label={`Colours: ${NAME[colorScheme]}`}>
      <ActionIcon
        size="lg"
        aria-label={`Colours: ${NAME[colorScheme]}. Change to: ${NAME[next]}`}
        onClick={() => setColorScheme(next)}
      >
        <Icon size={17} stroke={1.75} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
