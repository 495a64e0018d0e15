import { Anchor, Button, Skeleton, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useLocation, useRouter, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { signInWithCode, signOut, whoAmI, type WhoAmI } from '../../api/session.js';
import { ColorScheme } from '../../shell/ColorScheme.js';
import { Mark } from '../../shell/Mark.js';
import { usePageTitle } from '../../ui/page-title.js';
import { nextPage } from './next-page.js';
import { signInError } from './sign-in-error.js';
import classes from './SignIn.module.css';
import { SignInForm } from './SignInForm.js';

/** By a key, or by a one-time link: `/sign-in#code=…`. */
export function SignIn() {
  usePageTitle('Sign in');
  const code = useCode();
  const router = useRouter();
  const { next } = useSearch({ from: '/sign-in' });
  const { data: me, isPending } = useQuery(whoAmI);
  const [another, setAnother] = useState(false);
  const goOn = () => router.history.replace(nextPage(next));
  return (
    <div className={classes['page']}>
      <header className={classes['top']}>
        <Mark />
        <ColorScheme />
      </header>
      <main className={classes['main']}>
        {code !== undefined ? (
          <WithLink code={code} me={me} onSignedIn={goOn} />
        ) : isPending ? (
          <Skeleton height={220} aria-label="Loading" />
        ) : me && !another ? (
          <SignedIn me={me} onGoOn={goOn} onAnother={() => setAnother(true)} />
        ) : (
          <>
            <h1 className={classes['title']}>Sign in</h1>
            <p className={classes['lead']}>Use an API key of an operator, an admin or an auditor.</p>
            <SignInForm onSignedIn={goOn} />
            <WhereFrom />
          </>
        )}
      </main>
      <footer className={classes['foot']}>
        Did your mail stop with <span className="mono">535 IP not authorized</span>?{' '}
        <Anchor component={Link} to="/help/ip-not-authorized" underline="always">
          What it means, and how to fix it
        </Anchor>
      </footer>
    </div>
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
  readonly onSignedIn: () => void;
}

/** A click uses the code, so that the preview of a link in a mail program does not. */
function WithLink({ code, me, onSignedIn }: WithLinkProps) {
  const queryClient = useQueryClient();
  const signIn = useMutation({
    mutationFn: () => signInWithCode(code),
    onSuccess: (signedIn) => {
      queryClient.clear();
      queryClient.setQueryData(whoAmI.queryKey, signedIn);
      onSignedIn();
    },
  });
  if (signIn.error) {
    return (
      <>
        <h1 className={classes['title']}>This link does not work</h1>
        <p className={classes['lead']} role="alert">
          {signInError(signIn.error)}
        </p>
        <SignInForm onSignedIn={onSignedIn} />
        <WhereFrom />
      </>
    );
  }
  return (
    <>
      <h1 className={classes['title']}>Sign in with this link</h1>
      <p className={classes['lead']}>
        It works once, within 15 minutes after it was created.
        {me && ` You are signed in as “${me.name}”; this replaces it.`}
      </p>
      <Button fullWidth loading={signIn.isPending} onClick={() => signIn.mutate()} autoFocus>
        Sign in
      </Button>
    </>
  );
}

interface SignedInProps {
  readonly me: WhoAmI;
  readonly onGoOn: () => void;
  readonly onAnother: () => void;
}

function SignedIn({ me, onGoOn, onAnother }: SignedInProps) {
  const queryClient = useQueryClient();
  const leave = useMutation({ mutationFn: signOut, onSuccess: () => queryClient.resetQueries() });
  return (
    <>
      <h1 className={classes['title']}>You are signed in</h1>
      <p className={classes['lead']}>
        With the key “{me.name}”
        {me.tenantId === null ? ', as operator' : ` of the tenant ${me.tenantId}, as ${me.role}`}.
      </p>
      <Button fullWidth onClick={onGoOn} autoFocus>
        Continue
      </Button>
      <div className={classes['others']}>
        <Button variant="subtle" size="xs" onClick={onAnother}>
          Use another key
        </Button>
        <Button variant="subtle" size="xs" color="gray" loading={leave.isPending} onClick={() => leave.mutate()}>
          Sign out
        </Button>
      </div>
    </>
  );
}

function WhereFrom() {
  return (
    <details className={classes['where']}>
      <summary>Where do I get a key?</summary>
      <Text size="sm" c="dimmed" mt={8}>
        From the operator of your Postern. An operator issues the first admin key of a tenant, and an admin issues
        further ones under <em>API keys</em>.
      </Text>
      <Text size="sm" c="dimmed" mt={8}>
        If you run it yourself, <code className="mono">npm start</code> prints a sign-in link for the first operator.
        The operator’s key is in the file <code className="mono">.postern/operator-key</code>.
      </Text>
    </details>
  );
}
