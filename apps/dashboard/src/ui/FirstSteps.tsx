import { Box, Text, Typography } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  readonly title: string;
  readonly children: ReactNode;
  readonly steps: readonly { readonly title: string; readonly text: ReactNode; readonly action?: ReactNode }[];
}

export function FirstSteps({ title, children, steps }: Props) {
  return (
    <Typography maw={640}>
      <h2>{title}</h2>
      <p>{children}</p>
      <ol>
        {steps.map((step) => (
          <Box component="li" key={step.title} mt="md">
            <h3>{step.title}</h3>
            <Text c="dimmed" mb="xs">
              {step.text}
            </Text>
            {step.action}
          </Box>
        ))}
      </ol>
    </Typography>
  );
}
