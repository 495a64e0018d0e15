import { Text } from '@mantine/core';
import { Fragment } from 'react';
import type { Schema } from '../api/client.js';
import { restrictionWords } from '../restriction-words.js';
import { useNow } from './use-now.js';

const COLOURS = { refused: 'var(--postern-refused-text)', warn: 'var(--postern-warn-text)' } as const;

export function RestrictionWords({ restriction }: { readonly restriction: Schema<'Restriction'> }) {
  const now = useNow();
  return (
    <span className="tabular">
      {restrictionWords(restriction, now).map(({ text, tone }, at) => (
        <Fragment key={text}>
          {at > 0 && ' · '}
          <Text span inherit {...(tone && { c: COLOURS[tone] })}>
            {text}
          </Text>
        </Fragment>
      ))}
    </span>
  );
}
