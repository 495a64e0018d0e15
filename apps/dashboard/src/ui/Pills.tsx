import { Button, Group, Text } from '@mantine/core';

interface Props<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly items: readonly {
    readonly value: Value;
    readonly label: string;
    /** Undefined while it is loaded; the layout does not move. */
    readonly count?: number | undefined;
    readonly tone?: 'refused' | 'warn';
  }[];
}

const CHOSEN = { bg: 'var(--postern-side-selected)', c: 'var(--mantine-color-text)' } as const;

export function Pills<Value extends string>({ label, value, onChange, items }: Props<Value>) {
  return (
    <Group
      role="group"
      aria-label={label}
      gap={2}
      p={2}
      maw="100%"
      wrap="nowrap"
      style={{ overflowX: 'auto', scrollbarWidth: 'none' }}
    >
      {items.map((item) => (
        <Button
          key={item.value}
          size="compact-sm"
          flex="none"
          variant="subtle"
          color="gray"
          {...(item.value === value ? CHOSEN : { c: 'dimmed' })}
          aria-pressed={item.value === value}
          onClick={() => onChange(item.value)}
          rightSection={
            'count' in item && (
              <Text
                size="xs"
                miw="1ch"
                className="tabular"
                {...(item.count && item.tone ? { c: `var(--postern-${item.tone}-text)`, fw: 600 } : { c: 'dimmed' })}
              >
                {item.count?.toLocaleString('en')}
              </Text>
            )
          }
        >
          {item.label}
        </Button>
      ))}
    </Group>
  );
}
