import { useThrottledCallback } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, type ReactNode } from 'react';
import { deniedIpsQuery, RECENT, recentRefusalsQuery } from '../../../denials/queries.js';
import type { Denial } from '../../../denials/words.js';
import { useLive, type Live } from '../../../ui/use-live.js';
import type { SmtpUserRef } from '../smtp-user.js';

const Context = createContext<Live>({ state: 'connecting' });
export const useLiveDenials = (): Live => useContext(Context);

/** During a flood of denials, the denied addresses are loaded again at most this often. */
const RELOAD_MS = 2_000;

/** One stream of an SMTP user's denials, for all parts of its page. */
export function LiveDenials({ user, children }: { readonly user: SmtpUserRef; readonly children: ReactNode }) {
  const client = useQueryClient();
  const { tenantId, id: smtpUserId } = user;
  // The counts come from the API: a stream that resumes can repeat denials that were counted.
  const reload = useThrottledCallback(
    () => void client.invalidateQueries({ queryKey: deniedIpsQuery(user).queryKey }),
    RELOAD_MS,
  );
  const live = useLive<Denial>(`/v1/tenants/${tenantId}/smtp-users/${smtpUserId}/denials/stream`, {
    event: 'denial',
    onEvent: (denial) => {
      reload();
      if (!denial.refused) return;
      client.setQueryData(recentRefusalsQuery(user).queryKey, (shown) =>
        shown && !shown.items.some(({ id }) => id === denial.id)
          ? { ...shown, items: [denial, ...shown.items].slice(0, RECENT) }
          : shown,
      );
    },
    onGap: () => void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(smtpUserId) }),
  });
  return <Context value={live}>{children}</Context>;
}
