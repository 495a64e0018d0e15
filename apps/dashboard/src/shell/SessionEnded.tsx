import { Modal, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { noteSignedIn, useSessionEnded } from '../api/session.js';
import { SignInForm } from '../pages/sign-in/SignInForm.js';

/** Over the page, which stays as it is with what was typed: sign in again and go on. */
export function SessionEnded() {
  const ended = useSessionEnded();
  const queryClient = useQueryClient();
  const goOn = async () => {
    noteSignedIn();
    await queryClient.invalidateQueries();
  };
  return (
    <Modal
      opened={ended}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
    >
      <Text size="sm" c="dimmed" mb="md">
        Sign in again to go on. What you typed is still here.
      </Text>
      <SignInForm onSignedIn={() => void goOn()} />
    </Modal>
  );
}
