import { Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { signIn, whoAmI, type WhoAmI } from '../../api/session.js';
import { signInError } from './sign-in-error.js';

/** Exchanges an API key for a session. The page does not keep the key; a password manager may. */
export function SignInForm({ onSignedIn }: { readonly onSignedIn: (me: WhoAmI) => void }) {
  const [key, setKey] = useState('');
  const queryClient = useQueryClient();
  const entering = useMutation({
    mutationFn: () => signIn({ key: key.trim() }),
    onSuccess: (me) => {
      setKey('');
      queryClient.setQueryData(whoAmI.queryKey, me);
      onSignedIn(me);
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        entering.mutate();
      }}
    >
      {/* Password managers save a password under a name. */}
      <input type="text" name="username" autoComplete="username" value="Postern API key" readOnly hidden />
      <Stack gap="md">
        <PasswordInput
          label="API key"
          name="key"
          placeholder="pst_…"
          value={key}
          onChange={(event) => {
            setKey(event.currentTarget.value);
            entering.reset();
          }}
          error={entering.error && signInError(entering.error)}
          autoComplete="current-password"
          autoCapitalize="off"
          spellCheck={false}
          required
          withAsterisk={false}
          data-autofocus
          autoFocus
          visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
        />
        <Button type="submit" fullWidth loading={entering.isPending}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}
