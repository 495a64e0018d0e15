import { Group, Title } from '@mantine/core';
import { Pills } from '../../ui/Pills.js';

interface Props {
  readonly title: string;
  readonly days: number;
  readonly choices: readonly number[];
  readonly onChange: (days: number) => void;
}

/** The title of a chart, and how many days it shows. */
export function ChartHeader({ title, days, choices, onChange }: Props) {
  return (
    <Group justify="space-between" mb="sm">
      <Title order={2} fz="sm">
        {title}
      </Title>
      <Pills
        label="Period of the chart"
        value={`${days}`}
        onChange={(chosen) => onChange(Number(chosen))}
        items={choices.map((choice) => ({ value: `${choice}`, label: choice === 1 ? '24 hours' : `${choice} days` }))}
      />
    </Group>
  );
}
