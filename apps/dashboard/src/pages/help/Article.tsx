import { Anchor, Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { WhoAmI } from '../../api/session.js';
import { Copy } from '../../ui/Mono.js';
import numbered from '../../ui/steps.module.css';
import classes from './Article.module.css';
import { YourAddress } from './YourAddress.js';

export function Article({ me }: { readonly me?: WhoAmI }) {
  return (
    <article className={classes['article']}>
      <p className={classes['code']}>535 5.7.1</p>
      <h1>IP not authorized</h1>
      <p className={classes['lead']}>
        The username and the password were right. The login was refused because it came from an address that is not on
        the list of this SMTP user. The mail was not accepted: it waits in your program, or has to be sent again.
      </p>

      <YourAddress />

      <h2 id="fix">Fix it in three steps</h2>
      <ol className={`${numbered['steps'] ?? ''} ${classes['steps'] ?? ''}`}>
        <li>
          <h3>Open the SMTP user</h3>
          <p>
            In the dashboard, go to <b>Outbound → SMTP users</b> and choose the user whose mail stopped. The list marks
            it with <b className={classes['refusing']}>refusing</b>.
          </p>
          <OpenDashboard me={me} />
        </li>
        <li>
          <h3>Allow the address</h3>
          <p>
            <b>Refused now</b> shows the address of the refused logins. If it is your machine, press{' '}
            <b>Allow this address</b>. To add several addresses, press <b>Add addresses</b> and paste them.
          </p>
        </li>
        <li>
          <h3>Send again</h3>
          <p>The mail servers have the new list within seconds. You do not need to restart anything.</p>
        </li>
      </ol>
      <aside className={classes['warning']}>
        <b>Do not allow an address that you do not know.</b> Somebody else may have the password of this user, and only
        the list keeps them out. Change the password first.
      </aside>
      <p>
        If you no longer want a list, <b>Clear restriction</b> on the same page removes it. After that, anyone with the
        password can log in from every address.
      </p>

      <h2 id="cases">Why it happens</h2>
      <Case title="Your address changed">
        <p>
          Homes, small offices and phones get a new address from time to time. Ask your internet provider for a fixed
          address, or send through a server or a VPN that has one. To send mail today, allow the address{' '}
          <b>for 24 hours</b>.
        </p>
      </Case>
      <Case title="You send from a cloud">
        <p>
          Functions, containers and build machines use a different address of a pool each time. Give them a fixed
          address (a NAT gateway, a static egress address) and allow that. Do not allow the pool: all other customers of
          that cloud use it too.
        </p>
      </Case>
      <Case title="IPv6 next to IPv4">
        <p>
          A machine that has both uses IPv6 first, so the list needs both addresses. For IPv6, allow the <b>/64</b> of
          your network, because machines change the second half of their address by themselves.
        </p>
      </Case>
      <Case title="A server in between">
        <p>
          If another mail server, a scanner or a gateway forwards your mail, its address counts, not that of your
          program. Allow the server that connects to the mail server of your account.
        </p>
      </Case>
      <Case title="Every login seems to come from one address">
        <p>
          If the address is private, such as <span className="mono">10.0.0.5</span>, or belongs to your provider, the
          mail server sees a proxy or load balancer instead of you. Do not allow this address: all logins come from it.
          Tell the operator of the mail server that the proxy must pass on the client’s address (PROXY protocol).
        </p>
      </Case>
      <Case title="The entry has expired">
        <p>
          An entry can expire. It stays in the table after that. If all entries have expired, every login is refused.
          Add the address again.
        </p>
      </Case>

      <h2 id="others">Other answers</h2>
      <dl className={classes['answers']}>
        <dt>454 4.7.0 Temporary authentication failure</dt>
        <dd>
          This is not about your address. The mail server cannot decide at the moment: it does not know this user yet,
          or it has no lists. Programs try again by themselves. If it lasts longer than a few minutes, tell the operator
          of the mail server.
        </dd>
        <dt>535 with another text</dt>
        <dd>
          Usually a wrong password. Some accounts hide the reason, and give the same answer to a wrong password and to a
          wrong address. The dashboard shows the reason.
        </dd>
      </dl>

      <h2 id="ask">You cannot sign in?</h2>
      <p>
        Send the people who manage your mail three things: the <b>username</b> of your program, the <b>address</b> it
        sends from, and the <b>time</b> of the error. And the address of this page:{' '}
        <span className={classes['here']}>
          <span className="mono">{here}</span>
          <Copy value={here} label="Copy the address of this page" />
        </span>
      </p>
    </article>
  );
}

const here = `${window.location.origin}/help/ip-not-authorized`;

function OpenDashboard({ me }: { readonly me: WhoAmI | undefined }) {
  if (!me) {
    return (
      <Button component={Link} to="/sign-in" size="xs">
        Sign in to the dashboard
      </Button>
    );
  }
  if (me.tenantId === null) {
    return (
      <Anchor component={Link} to="/operator/tenants">
        Choose a tenant
      </Anchor>
    );
  }
  return (
    <Button
      renderRoot={(props) => (
        <Link to="/t/$tenantId/smtp-users" params={{ tenantId: me.tenantId ?? '' }} search={{}} {...props} />
      )}
      size="xs"
    >
      Open SMTP users
    </Button>
  );
}

function Case({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={classes['case']}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}
