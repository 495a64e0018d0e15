import { useThrottledCallback } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { deniedIpsQuery } from '../../../denials/queries.js';
import { useLive, type Live } from '../../../ui/use-live.js';
import type { SmtpUserRef } from '../smtp-user.js';

/** During a flood of denials, the denied addresses are loaded again at most this often. */
const RELOAD_MS = 2_000;

/** Follows an SMTP user's denials, and keeps its denied addresses up to date. */
export function useLiveDenials(user: SmtpUserRef, enabled: boolean): Live {
  const client = useQueryClient();
  const { tenantId, id: smtpUserId } = user;
  // The counts come from the API: a stream that resumes can repeat denials that were counted.
  const reload = useThrottledCallback(
    () => void client.invalidateQueries({ queryKey: deniedIpsQuery(user).queryKey }),
    RELOAD_MS,
  );
  return useLive(`/v1/tenants/${tenantId}/smtp-users/${smtpUserId}/denials/stream`, {
    enabled,
    event: 'denial',
    onEvent: reload,
    onGap: () => void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(smtpUserId) }),
  });
}
