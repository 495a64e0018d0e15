import { Text } from '@mantine/core';
import { counted, listed } from '../../../denials/words.js';
import { Time } from '../../../ui/Time.js';
import type { Coverage } from './queries.js';

export function LoginCoverage({ coverage: { since, silentRelays, notKept } }: { readonly coverage: Coverage }) {
  return (
    <Text size="xs" c="dimmed" component="p" m={0} mt="xs">
      {since === null ? (
        'No relay has reported logins yet.'
      ) : (
        <>
          Relays have reported logins since <Time at={since} exact />.
        </>
      )}
      {silentRelays.length > 0 && ` ${listed(silentRelays)} ${silentRelays.length === 1 ? 'does' : 'do'} not report.`}
      {notKept > 0 && ` ${counted(notKept, 'login')} from too many different addresses on a day are not shown.`}
    </Text>
  );
}
