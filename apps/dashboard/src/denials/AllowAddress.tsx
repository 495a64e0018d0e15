import { Button, Loader, Menu, Text, type ButtonProps } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAllow, useMayWrite, type SmtpUserRef } from '../pages/smtp-user/smtp-user.js';
import { Dimmed } from '../ui/Dimmed.js';
import { inDays } from '../ui/dates.js';
import { allowChoices, type AllowChoice } from './allow-choices.js';
import { deniedIpsQuery } from './queries.js';

interface Props {
  readonly user: SmtpUserRef;
  readonly ip: string;
  readonly label?: string;
  /** For a row of a long list: only a menu. It loads nothing before it is opened. */
  readonly menuOnly?: boolean;
  readonly size?: ButtonProps['size'];
  readonly variant?: ButtonProps['variant'];
  readonly onAllowed?: () => void;
}

const NEXT = 'Every relay has it within seconds.';

/** Allows the address, its network, or the address for one day. Shows nothing to somebody who may not change the list. */
export function AllowAddress({
  user,
  ip,
  label = 'Allow',
  menuOnly = false,
  size = 'compact-sm',
  variant = 'default',
  onAllowed,
}: Props) {
  const writable = useMayWrite();
  const [opened, setOpened] = useState(false);
  const denied = useInfiniteQuery({
    ...deniedIpsQuery(user),
    enabled: opened || !menuOnly,
  });
  const { allow, isPending } = useAllow(user);
  const found = allowChoices(ip, denied.data);
  const isProxy = found === 'looks-like-proxy';
  const choices = isProxy ? [] : found;
  const [itself] = choices;
  // The page says why there is no button.
  if (!writable || (!itself && !isProxy)) return null;
  if (isProxy && !menuOnly) return <LooksLikeProxy />;
  const choose = ({ range, forOneDay }: AllowChoice) => {
    const expiresAt = forOneDay ? inDays(1) : null;
    allow({ range, expiresAt }, `${range} may log in${forOneDay ? ' for 24 hours' : ''}. ${NEXT}`, onAllowed);
  };
  return (
    <Button.Group>
      {itself && !menuOnly && (
        <Button
          size={size}
          variant={variant}
          disabled={denied.isPending}
          loading={isPending}
          onClick={() => choose(itself)}
          aria-label={`${label}: ${ip}`}
        >
          {label}
        </Button>
      )}
      <Menu position="bottom-end" width={340} disabled={isPending} opened={opened} onChange={setOpened}>
        <Menu.Target>
          <Button
            size={size}
            variant={variant}
            loading={menuOnly && isPending}
            disabled={isPending}
            {...(!menuOnly && { px: 6 })}
            aria-label={menuOnly ? `Allow ${ip} …` : `Other ways to allow ${ip}`}
          >
            {menuOnly ? 'Allow …' : <IconChevronDown size={14} aria-hidden />}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {isProxy && <LooksLikeProxy />}
          {/* Not before all are known: a choice that is added or removed moves the others below the pointer. */}
          {denied.isPending && <Loader size="xs" m="xs" aria-label="Loading the denied neighbours" />}
          {(denied.isPending ? [] : choices).map((choice) => (
            <Menu.Item key={`${choice.range} ${choice.forOneDay}`} onClick={() => choose(choice)}>
              Allow <span className="mono">{choice.range}</span>
              {choice.forOneDay && ' for 24 hours'}
              <Dimmed size="xs">{choice.detail}</Dimmed>
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Label>{NEXT}</Menu.Label>
        </Menu.Dropdown>
      </Menu>
    </Button.Group>
  );
}

function LooksLikeProxy() {
  return (
    <Text size="xs" c="dimmed" maw={420}>
      This looks like your own proxy: several users were denied from it. If you allow it, everybody behind it can log
      in. Configure the proxy to pass on the client’s address.
    </Text>
  );
}
