import { Anchor, Button, Container, Flex, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useLocation, useRouter, useSearch } from '@tanstack/react-router';
import { useEffect, useState, type ReactNode } from 'react';
import { signIn, whoAmI, type WhoAmI } from '../../api/session.js';
import { PublicHeader } from '../../shell/PublicHeader.js';
import { usePageTitle } from '../../ui/page-title.js';
import { nextPage } from './next-page.js';
import { signInError } from './sign-in-error.js';
import { SignInForm } from './SignInForm.js';

/** By a key, or by a one-time link: `/sign-in#code=…`. */
export function SignIn() {
  usePageTitle('Sign in');
  const code = useCode();
  const router = useRouter();
  const { next } = useSearch({ from: '/sign-in' });
  const { data: me } = useQuery(whoAmI);
  const queryClient = useQueryClient();
  const goOn = () => router.history.replace(nextPage(next));
  const onSignedIn = (signedIn: WhoAmI) => {
    // What another key has read.
    queryClient.clear();
    queryClient.setQueryData(whoAmI.queryKey, signedIn);
    goOn();
  };
  return (
    <Flex direction="column" mih="100dvh" bg="var(--postern-side)">
      <PublicHeader />
      <Container component="main" size={392} w="100%" flex={1} pt={{ base: '6vh', sm: '12vh' }} pb="xl">
        {code === undefined ? (
          <>
            <Lead title="Sign in">
              {me ? (
                <>
                  You are signed in with the key “{me.name}”.{' '}
                  <Anchor component="button" type="button" onClick={goOn}>
                    Continue
                  </Anchor>
                  , or use another key.
                </>
              ) : (
                'Use an API key of an operator, an admin or an auditor.'
              )}
            </Lead>
            <SignInForm onSignedIn={onSignedIn} />
            <WhereFrom />
          </>
        ) : (
          <WithLink code={code} me={me} onSignedIn={onSignedIn} />
        )}
      </Container>
      <Text component="footer" size="sm" c="dimmed" ta="center" p="md">
        Did your mail stop with <span className="mono">535 IP not authorized</span>?{' '}
        <Anchor component={Link} to="/help/ip-not-authorized" underline="always">
          What it means, and how to fix it
        </Anchor>
      </Text>
    </Flex>
  );
}

function Lead({
  title,
  role,
  children,
}: {
  readonly title: string;
  readonly role?: 'alert';
  readonly children: ReactNode;
}) {
  return (
    <>
      <Title>{title}</Title>
      <Text c="dimmed" mt={6} mb="lg" role={role}>
        {children}
      </Text>
    </>
  );
}

/** The code of a one-time link. Removes it from the URL and the history at once. */
function useCode(): string | undefined {
  const { hash, pathname, searchStr } = useLocation();
  const [code] = useState(() => new URLSearchParams(hash).get('code') ?? undefined);
  const { history } = useRouter();
  useEffect(() => {
    if (hash !== '') history.replace(pathname + searchStr);
  }, [hash, pathname, searchStr, history]);
  return code;
}

interface WithLinkProps {
  readonly code: string;
  readonly me: WhoAmI | undefined;
  readonly onSignedIn: (signedIn: WhoAmI) => void;
}

/** A click uses the code, so that the preview of a link in a mail program does not. */
function WithLink({ code, me, onSignedIn }: WithLinkProps) {
  const entering = useMutation({ mutationFn: () => signIn({ code }), onSuccess: onSignedIn });
  if (entering.error) {
    return (
      <>
        <Lead title="This link does not work" role="alert">
          {signInError(entering.error)}
        </Lead>
        <SignInForm onSignedIn={onSignedIn} />
        <WhereFrom />
      </>
    );
  }
  return (
    <>
      <Lead title="Sign in with this link">
        It works once, within 15 minutes after it was created.
        {me && ` You are signed in as “${me.name}”; this replaces it.`}
      </Lead>
      <Button fullWidth loading={entering.isPending} onClick={() => entering.mutate()} autoFocus>
        Sign in
      </Button>
    </>
  );
}

function WhereFrom() {
  return (
    <Text component="details" size="sm" c="dimmed" mt="xl">
      <summary>Where do I get a key?</summary>
      <Text inherit mt={8}>
        From the operator of your Postern. An operator issues the first admin key of a tenant, and an admin issues
        further ones under <em>API keys</em>.
      </Text>
      <Text inherit mt={8}>
        If you run it yourself, <code className="mono">npm start</code> prints a sign-in link for the first operator.
        The operator’s key is in the file <code className="mono">.postern/operator-key</code>.
      </Text>
    </Text>
  );
}
