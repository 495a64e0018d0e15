import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import { withDenial } from '../../../denials/denied-ips.js';
import { deniedIpsQuery, recentRefusalsQuery } from '../../../denials/queries.js';
import type { Denial } from '../../../denials/words.js';
import { useLive, type Live } from '../../../ui/use-live.js';
import type { SmtpUserRef } from '../smtp-user.js';

interface LiveDenialsValue {
  readonly live: Live;
  /** Addresses that were denied for the first time since the list was loaded. */
  readonly fresh: readonly string[];
  /** Loads the list again, with them. */
  readonly showFresh: () => void;
}

const Context = createContext<LiveDenialsValue>({
  live: { state: 'connecting' },
  fresh: [],
  showFresh: () => undefined,
});
export const useLiveDenials = (): LiveDenialsValue => useContext(Context);

/** Follows the denials of one SMTP user by one stream, for all parts of its page. */
export function LiveDenials({ user, children }: { readonly user: SmtpUserRef; readonly children: ReactNode }) {
  const client = useQueryClient();
  const [fresh, setFresh] = useState<readonly string[]>([]);
  const { tenantId, id: smtpUserId } = user;
  const path = { tenantId, smtpUserId };
  const denied = deniedIpsQuery(path).queryKey;
  const live = useLive<Denial>(`/v1/tenants/${tenantId}/smtp-users/${smtpUserId}/denials/stream`, {
    event: 'denial',
    onEvent: (denial) => {
      if (denial.refused)
        client.setQueryData(
          recentRefusalsQuery(path).queryKey,
          (shown) => shown && { ...shown, items: [denial, ...shown.items] },
        );
      const shown = client.getQueryData(denied);
      const updated = shown && withDenial(shown, denial);
      if (updated) client.setQueryData(denied, updated);
      else if (shown) setFresh((before) => (before.includes(denial.ip) ? before : [...before, denial.ip]));
    },
    onGap: () => void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(smtpUserId) }),
  });
  const value = useMemo(
    () => ({
      live,
      fresh,
      showFresh: () => {
        setFresh([]);
        void client.invalidateQueries({ queryKey: denied });
      },
    }),
    // `denied` is made of the user's ids.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [live, fresh, client, tenantId, smtpUserId],
  );
  return <Context value={value}>{children}</Context>;
}
