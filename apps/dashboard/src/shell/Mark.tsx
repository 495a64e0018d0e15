import { Group } from '@mantine/core';
import icon from './icon.svg';

export function Mark() {
  return (
    <Group gap={8} fw={600} fz="md" lts="-0.01em" wrap="nowrap">
      <img src={icon} alt="" width={20} height={20} />
      Postern
    </Group>
  );
}
