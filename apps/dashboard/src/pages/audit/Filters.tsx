import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { FilterChip } from '../../ui/FilterChip.js';
import { fromField, toField } from '../../ui/dates.js';
import { Pills } from '../../ui/Pills.js';
import { periodInWords, PERIODS, PERIOD_NAMES, type Period, type PeriodSearch } from './period.js';

interface TextFilterProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
  /** Why the text cannot be searched for, or null. */
  readonly refuse?: (text: string) => string | null;
}

export function TextFilter({ label, hint, value, onChange, refuse }: TextFilterProps) {
  return (
    <FilterChip label={label} value={value} onClear={() => onChange(undefined)}>
      {(close) => (
        <TextForm
          label={label}
          hint={hint}
          value={value}
          refuse={refuse}
          onApply={(text) => {
            onChange(text === '' ? undefined : text);
            close();
          }}
        />
      )}
    </FilterChip>
  );
}

function TextForm({
  label,
  hint,
  value = '',
  refuse,
  onApply,
}: Omit<TextFilterProps, 'onChange' | 'refuse'> & {
  readonly refuse: TextFilterProps['refuse'];
  readonly onApply: (text: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  const [error, setError] = useState<string | null>(null);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const text = typed.trim();
        const refused = text === '' ? null : (refuse?.(text) ?? null);
        setError(refused);
        if (refused === null) onApply(text);
      }}
    >
      <Stack gap="xs" w={260}>
        <TextInput
          label={label}
          placeholder={hint}
          value={typed}
          error={error}
          maxLength={254}
          onChange={(event) => setTyped(event.currentTarget.value)}
          spellCheck={false}
          autoComplete="off"
          data-autofocus
        />
        <Button type="submit" size="xs">
          Apply
        </Button>
      </Stack>
    </form>
  );
}

interface ChoiceFilterProps<Value extends string> {
  readonly label: string;
  readonly value: Value | undefined;
  readonly choices: Readonly<Record<Value, string>>;
  readonly onChange: (value: Value | undefined) => void;
}

export function ChoiceFilter<Value extends string>({ label, value, choices, onChange }: ChoiceFilterProps<Value>) {
  return (
    <FilterChip label={label} value={value && choices[value]} onClear={() => onChange(undefined)}>
      {(close) => (
        <Stack gap={2} miw={180}>
          {(Object.keys(choices) as Value[]).map((choice) => (
            <Button
              key={choice}
              size="compact-sm"
              variant={choice === value ? 'light' : 'subtle'}
              {...(choice !== value && { color: 'gray' })}
              justify="start"
              onClick={() => {
                onChange(choice);
                close();
              }}
            >
              {choices[choice]}
            </Button>
          ))}
        </Stack>
      )}
    </FilterChip>
  );
}

interface PeriodFilterProps {
  readonly search: PeriodSearch;
  /** What the page shows if the URL has no period. */
  readonly usual: Period | 'any';
  readonly onChange: (search: PeriodSearch) => void;
}

export function PeriodFilter({ search, usual, onChange }: PeriodFilterProps) {
  const custom = search.from !== undefined || search.to !== undefined;
  const items = [
    ...PERIODS.map((value) => ({ value, label: PERIOD_NAMES[value] })),
    ...(usual === 'any' ? [{ value: 'any' as const, label: 'Any time' }] : []),
  ];
  return (
    <>
      <Pills<Period | 'any' | 'custom'>
        label="Period"
        value={custom ? 'custom' : (search.period ?? usual)}
        onChange={(value) =>
          onChange(value === usual || value === 'any' || value === 'custom' ? {} : { period: value })
        }
        items={items}
      />
      <FilterChip
        label={custom ? 'Time' : 'From … to'}
        value={custom ? periodInWords({ from: search.from, to: search.to }) : undefined}
        onClear={() => onChange({})}
      >
        {(close) => (
          <CustomPeriod
            search={search}
            onApply={(period) => {
              onChange(period);
              close();
            }}
          />
        )}
      </FilterChip>
    </>
  );
}

function CustomPeriod({
  search,
  onApply,
}: {
  readonly search: PeriodSearch;
  readonly onApply: (s: PeriodSearch) => void;
}) {
  const [from, setFrom] = useState(toField(search.from));
  const [to, setTo] = useState(toField(search.to));
  const backwards = from !== '' && to !== '' && to < from;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const [first, last] = [fromField(from), fromField(to)];
        if (!backwards) onApply({ ...(first && { from: first }), ...(last && { to: last }) });
      }}
    >
      <Stack gap="xs" w={240}>
        <TextInput
          label="From"
          type="datetime-local"
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
          data-autofocus
        />
        <TextInput
          label="To"
          type="datetime-local"
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
          error={backwards && 'This is before the beginning.'}
        />
        <Group justify="flex-end">
          <Button type="submit" size="xs">
            Apply
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
