import { Anchor, Modal, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams, useRouter } from '@tanstack/react-router';
import { isSignedOut, whoAmI, type WhoAmI } from '../api/session.js';
import { SignInForm } from '../pages/sign-in/SignInForm.js';

/** Asks to sign in again. The page below keeps what was typed. */
export function SessionEnded() {
  const { error } = useQuery(whoAmI);
  const queryClient = useQueryClient();
  const router = useRouter();
  const { tenantId } = useParams({ strict: false });
  const goOn = async (me: WhoAmI) => {
    // With a key of another tenant, this page must not be shown.
    if (me.tenantId !== null && tenantId !== undefined && me.tenantId !== tenantId) {
      await router.navigate({ to: '/' });
      queryClient.clear();
      return;
    }
    await queryClient.invalidateQueries();
    // Another role may not see this page.
    await router.invalidate();
  };
  return (
    <Modal
      opened={isSignedOut(error)}
      onClose={() => undefined}
      withCloseButton={false}
      // Above the page's own dialogs, which were opened before.
      zIndex={1000}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
    >
      <Text c="dimmed" size="sm" mb="md">
        Sign in again to continue. What you typed on this page is still there. It was not sent.
      </Text>
      <SignInForm onSignedIn={(me) => void goOn(me)} />
      <Text size="sm" mt="md" ta="center">
        <Anchor href="/sign-in" c="dimmed">
          Leave this page instead
        </Anchor>
      </Text>
    </Modal>
  );
}
