import { CloseButton, Kbd, TextInput, type TextInputProps } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useRef, useState } from 'react';

interface Props extends Omit<TextInputProps, 'value' | 'onChange'> {
  readonly label: string;
  readonly value: string;
  /** Called when typing pauses. */
  readonly onChange: (value: string) => void;
}

const PAUSE_MS = 200;

/** `/` focuses it from anywhere on the page, Escape clears it. */
export function SearchField({ label, value, onChange, ...input }: Props) {
  const [typed, setTyped] = useState(value);
  const [last, setLast] = useState(value);
  const box = useRef<HTMLInputElement>(null);
  const report = useDebouncedCallback((text: string) => {
    setLast(text);
    onChange(text);
  }, PAUSE_MS);
  // A link or the back button changed the URL.
  if (value !== last) {
    setLast(value);
    setTyped(value);
  }
  useHotkeys([['/', () => box.current?.focus()]]);
  const change = (text: string) => {
    setTyped(text);
    report(text.trim());
  };
  return (
    <TextInput
      ref={box}
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={15} stroke={1.75} aria-hidden />}
      rightSection={
        typed === '' ? (
          <Kbd size="xs" aria-hidden>
            /
          </Kbd>
        ) : (
          <CloseButton size="sm" aria-label="Clear the search" onClick={() => change('')} />
        )
      }
      flex={{ base: 1, sm: 'none' }}
      miw={160}
      w={{ base: 'auto', sm: 260 }}
      autoComplete="off"
      spellCheck={false}
      {...input}
      value={typed}
      onChange={(event) => change(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Escape' && change('')}
    />
  );
}
