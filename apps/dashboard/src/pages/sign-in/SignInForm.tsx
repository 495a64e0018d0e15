import { Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { signInWithKey, whoAmI } from '../../api/session.js';

/** Exchanges an API key for a session. The key is kept nowhere in the browser. */
export function SignInForm({ onSignedIn }: { readonly onSignedIn: () => void }) {
  const [key, setKey] = useState('');
  const queryClient = useQueryClient();
  const signIn = useMutation({
    mutationFn: signInWithKey,
    onSuccess: (me) => {
      setKey('');
      queryClient.setQueryData(whoAmI.queryKey, me);
      onSignedIn();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate(key.trim());
      }}
    >
      <Stack>
        <PasswordInput
          label="API key"
          placeholder="pst_…"
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          error={signIn.error?.message}
          autoComplete="off"
          data-autofocus
          autoFocus
        />
        <Button type="submit" loading={signIn.isPending} disabled={key.trim() === ''}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}
