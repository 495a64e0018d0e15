import { Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ApiProblem } from '../../api/client.js';
import { Facts, Id, Raw } from '../../changes/ChangeDetails.js';
import { AllowAddress } from '../../denials/AllowAddress.js';
import { letsIn } from '../../denials/refusals.js';
import { counted, EXPLAINED, type Denial } from '../../denials/words.js';
import { Dimmed } from '../../ui/Dimmed.js';
import { SidePanel } from '../../ui/SidePanel.js';
import { Time } from '../../ui/Time.js';
import { smtpUserQuery } from '../smtp-user/smtp-user.js';

export function DenialPanel({
  denial,
  onClose,
}: {
  readonly denial: Denial | undefined;
  readonly onClose: () => void;
}) {
  return (
    <SidePanel opened={denial !== undefined} onClose={onClose} title="Denial">
      {denial && <Details key={denial.id} denial={denial} />}
    </SidePanel>
  );
}

function Details({ denial }: { readonly denial: Denial }) {
  const { tenantId, smtpUserId, username, ip, refused, count } = denial;
  return (
    <Stack gap="lg">
      <div>
        <Text fw={600} className="mono" fz="md">
          {ip}
        </Text>
        <Text size="sm">
          {counted(count, 'login')} {refused ? 'refused' : 'let through by report only'}: {EXPLAINED[denial.reason]}.
        </Text>
      </div>
      <Group gap="xs">
        <Now denial={denial} />
        <Button
          size="compact-sm"
          variant="subtle"
          renderRoot={(props) => (
            <Link
              {...props}
              to="/t/$tenantId/smtp-users/$smtpUserId"
              params={{ tenantId, smtpUserId }}
              search={{ why: ip, at: denial.occurredAt }}
            />
          )}
        >
          Why?
        </Button>
      </Group>
      <Facts
        facts={{
          'SMTP user': (
            <Link to="/t/$tenantId/smtp-users/$smtpUserId" params={{ tenantId, smtpUserId }} search={{ tab: 'denied' }}>
              {username}
            </Link>
          ),
          Time: <Time at={denial.occurredAt} exact />,
          Recorded: <Time at={denial.recordedAt} exact />,
          Relay: denial.relay,
          Mode: denial.mode === 'enforce' ? 'enforced' : 'report only',
          Reason: <span className="mono">{denial.reason}</span>,
          Id: <Id of="denial" value={denial.id} />,
        }}
      />
      <Raw what="denial" value={denial} />
    </Stack>
  );
}

function Now({ denial: { tenantId, smtpUserId, ip } }: { readonly denial: Denial }) {
  const { data: user, error } = useQuery(smtpUserQuery(tenantId, smtpUserId));
  if (error instanceof ApiProblem && error.problem.status === 404)
    return <Dimmed size="sm">The SMTP user was removed.</Dimmed>;
  if (!user) return null;
  if (letsIn(user.restriction, ip)) return <Dimmed size="sm">This address is allowed now.</Dimmed>;
  return <AllowAddress user={user} ip={ip} label="Allow this address" />;
}
