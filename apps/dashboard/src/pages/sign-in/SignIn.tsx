import { Stack, Title } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { SignInForm } from './SignInForm.js';

export function SignIn() {
  const navigate = useNavigate();
  const { next } = useSearch({ from: '/sign-in' });
  // Only within this site: never where a link from elsewhere points.
  const target = next !== undefined && /^\/(?!\/)/.test(next) ? next : '/';
  return (
    <Stack maw={360} mx="auto" mt="15vh" p="md">
      <Title order={1}>Sign in to Postern</Title>
      <SignInForm onSignedIn={() => void navigate({ to: target })} />
    </Stack>
  );
}
