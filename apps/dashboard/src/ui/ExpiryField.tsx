import { Group, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { fromField, inDays, toField } from './dates.js';

interface Props {
  /** RFC 3339; null: never. */
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
  readonly label?: string;
  readonly error?: string | undefined;
}

const CHOICES = [
  { value: 'never', label: 'Never' },
  { value: '1', label: 'In 24 hours' },
  { value: '7', label: 'In 7 days' },
  { value: '30', label: 'In 30 days' },
  { value: 'at', label: 'At a time …' },
];

export function ExpiryField({ value, onChange, label = 'Expires', error }: Props) {
  const [choice, setChoice] = useState(value === null ? 'never' : 'at');
  const choose = (chosen: string | null) => {
    if (chosen === null) return;
    setChoice(chosen);
    if (chosen === 'never') onChange(null);
    else if (chosen === 'at') onChange(value ?? inDays(1));
    else onChange(inDays(Number(chosen)));
  };
  return (
    <Group gap="xs" align="flex-start">
      <Select
        label={label}
        data={CHOICES}
        value={value === null ? 'never' : choice}
        onChange={choose}
        allowDeselect={false}
        flex={1}
        miw={130}
        comboboxProps={{ withinPortal: true }}
      />
      {value !== null && (
        <TextInput
          label={choice === 'at' ? 'Time' : 'That is'}
          type="datetime-local"
          value={toField(value)}
          error={error}
          flex={1.4}
          miw={190}
          onChange={({ currentTarget }) => {
            setChoice('at');
            const time = fromField(currentTarget.value);
            if (time !== undefined) onChange(time);
          }}
        />
      )}
    </Group>
  );
}
