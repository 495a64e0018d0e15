import { Alert, Box, Button, Text, Title, Typography } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Copy } from '../../ui/Mono.js';
import { YourAddress } from './YourAddress.js';

export function Article() {
  return (
    <Typography component="article" fz="0.9375rem" lh={1.65} maw={664} mx="auto">
      <Text className="mono" fw={500} c="var(--postern-refused-text)" mb={4}>
        535 5.7.1
      </Text>
      <Title fz="1.875rem" lh={1.2} m={0}>
        IP not authorized
      </Title>
      <Text fz="1.0625rem" lh={1.65} c="var(--postern-text-soft)" my="md">
        The username and the password were right. The login was refused because it came from an address that is not on
        the list of this SMTP user. The mail was not accepted: it waits in your program, or has to be sent again.
      </Text>

      <YourAddress />

      <h2 id="fix">Fix it in three steps</h2>
      <ol>
        <Box component="li" mt="md">
          <h3>Open the SMTP user</h3>
          <p>
            In the dashboard, go to <b>Outbound → SMTP users</b> and choose the user whose mail stopped. The list marks
            it with{' '}
            <Text span inherit fw={600} c="var(--postern-refused-text)">
              refusing
            </Text>
            .
          </p>
          <Button component={Link} to="/" size="xs" c="var(--button-color)">
            Open the dashboard
          </Button>
        </Box>
        <Box component="li" mt="md">
          <h3>Allow the address</h3>
          <p>
            <b>Refused now</b> shows the address of the refused logins. If it is your machine, press{' '}
            <b>Allow this address</b>. To add several addresses, press <b>Add addresses</b> and paste them.
          </p>
        </Box>
        <Box component="li" mt="md">
          <h3>Send again</h3>
          <p>The mail servers have the new list within seconds. You do not need to restart anything.</p>
        </Box>
      </ol>
      <Alert color="red" role="note" mb="lg">
        <b>Do not allow an address that you do not know.</b> Somebody else may have the password of this user, and only
        the list keeps them out. Change the password first.
      </Alert>
      <p>
        If you no longer want a list, <b>Clear restriction</b> on the same page removes it. After that, anyone with the
        password can log in from every address.
      </p>

      <h2 id="cases">Why it happens</h2>
      <h3>Your address changed</h3>
      <p>
        Homes, small offices and phones get a new address from time to time. Ask your internet provider for a fixed
        address, or send through a server or a VPN that has one. To send mail today, allow the address{' '}
        <b>for 24 hours</b>.
      </p>
      <h3>You send from a cloud</h3>
      <p>
        Functions, containers and build machines use a different address of a pool each time. Give them a fixed address
        (a NAT gateway, a static egress address) and allow that. Do not allow the pool: all other customers of that
        cloud use it too.
      </p>
      <h3>IPv6 next to IPv4</h3>
      <p>
        A machine that has both uses IPv6 first, so the list needs both addresses. For IPv6, allow the <b>/64</b> of
        your network, because machines change the second half of their address by themselves.
      </p>
      <h3>A server in between</h3>
      <p>
        If another mail server, a scanner or a gateway forwards your mail, its address counts, not that of your program.
        Allow the server that connects to the mail server of your account.
      </p>
      <h3>Every login seems to come from one address</h3>
      <p>
        If the address is private, such as <span className="mono">10.0.0.5</span>, or belongs to your provider, the mail
        server sees a proxy or load balancer instead of you. Do not allow this address: all logins come from it. Tell
        the operator of the mail server that the proxy must pass on the client’s address (PROXY protocol).
      </p>
      <h3>The entry has expired</h3>
      <p>
        An entry can expire. It stays in the table after that. If all entries have expired, every login is refused. Add
        the address again.
      </p>

      <h2 id="others">Other answers</h2>
      <h3>454 4.7.0 Temporary authentication failure</h3>
      <p>
        This is not about your address. The mail server cannot decide at the moment: it does not know this user yet, or
        it has no lists. Programs try again by themselves. If it lasts longer than a few minutes, tell the operator of
        the mail server.
      </p>
      <h3>535 with another text</h3>
      <p>
        Usually a wrong password. Some accounts hide the reason, and give the same answer to a wrong password and to a
        wrong address. The dashboard shows the reason.
      </p>

      <h2 id="ask">You cannot sign in?</h2>
      <p>
        Send the people who manage your mail three things: the <b>username</b> of your program, the <b>address</b> it
        sends from, and the <b>time</b> of the error. And the address of this page: <span className="mono">{here}</span>{' '}
        <Copy value={here} label="Copy the address of this page" />
      </p>
    </Typography>
  );
}

const here = `${window.location.origin}/help/ip-not-authorized`;
