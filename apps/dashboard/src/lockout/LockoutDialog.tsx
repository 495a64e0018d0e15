import { Box, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { counted } from '../denials/words.js';
import { Dimmed } from '../ui/Dimmed.js';
import { Mono } from '../ui/Mono.js';
import { onSingleClick } from '../ui/single-click.js';
import { Time } from '../ui/Time.js';
import { lockoutQuestion, type LockoutRisk } from './send-guarded.js';

/** Lists the addresses that log in and that a change would refuse. Enter changes nothing; to refuse them takes a click. */
export function LockoutDialog() {
  const question = lockoutQuestion.use();
  return (
    <Modal
      opened={question !== null}
      onClose={() => question?.answer(false)}
      title="This would refuse logins that work today"
      closeOnClickOutside={false}
      zIndex={400}
    >
      {question && <Risk risk={question.risk} answer={question.answer} />}
    </Modal>
  );
}

function Risk({ risk, answer }: { readonly risk: LockoutRisk; readonly answer: (goOn: boolean) => void }) {
  const { addresses, refusedAddresses } = risk;
  const more = refusedAddresses - addresses.length;
  const these = refusedAddresses === 1 ? 'this address' : `these ${counted(refusedAddresses, 'address', 'addresses')}`;
  return (
    <Stack gap="md">
      <Text size="sm">This SMTP user logged in from {these} during the last 7 days. Nothing is changed yet.</Text>
      <Addresses addresses={addresses} label="Addresses that would be refused" mah={260} />
      {more > 0 && <Dimmed size="xs">… and {counted(more, 'more address', 'more addresses')}.</Dimmed>}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={() => answer(false)} data-autofocus>
          Change nothing
        </Button>
        <Button color="red" variant="outline" onClick={onSingleClick(() => answer(true))}>
          Refuse {these}
        </Button>
      </Group>
    </Stack>
  );
}

export function Addresses({
  addresses,
  label,
  mah,
}: {
  readonly addresses: LockoutRisk['addresses'];
  readonly label: string;
  readonly mah?: number;
}) {
  return (
    <Box
      component="ul"
      aria-label={label}
      tabIndex={0}
      mah={mah}
      m={0}
      p={0}
      style={{ listStyle: 'none', overflow: 'auto' }}
    >
      {addresses.map(({ ip, logins, lastSeenAt }) => (
        <Group key={ip} component="li" justify="space-between" gap="sm" py={6}>
          <Mono>{ip}</Mono>
          <Text size="sm" c="dimmed" className="tabular">
            {counted(logins, 'login')}, last <Time at={lastSeenAt} />
          </Text>
        </Group>
      ))}
    </Box>
  );
}
