import { Button, Flex } from '@mantine/core';
import { IconArrowUp } from '@tabler/icons-react';

interface Props {
  readonly count: number;
  readonly onShow: () => void;
}

/** *12 new*: shows the new rows of a live list on a click, so that nothing moves under the pointer. */
export function NewRows({ count, onShow }: Props) {
  return (
    // Takes no room of its own: the list below does not move when it comes.
    <Flex
      role="status"
      justify="center"
      h={0}
      pos="sticky"
      top="calc(var(--postern-header) + 42px)"
      style={{ zIndex: 3 }}
    >
      {count > 0 && (
        <Button
          size="compact-sm"
          radius="xl"
          leftSection={<IconArrowUp size={13} stroke={2} aria-hidden />}
          onClick={onShow}
        >
          {count.toLocaleString('en')} new
        </Button>
      )}
    </Flex>
  );
}
