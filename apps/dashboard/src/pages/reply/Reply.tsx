import { Button, Paper, SimpleGrid, Skeleton, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import {
  DEFAULT_TENANT_REPLY,
  isHelpUrl,
  isReplyText,
  replyOf,
} from '../../../../../libs/contracts/src/tenant-reply.js';
import { api, ApiProblem, takeWithHeaders, type Schema } from '../../api/client.js';
import { mayWrite, whoAmI } from '../../api/session.js';
import { Dimmed } from '../../ui/Dimmed.js';
import { Page } from '../../ui/Page.js';
import { Failed, ReadOnly } from '../../ui/States.js';
import { showDone } from '../../ui/toast.js';

type TenantReply = Schema<'TenantReply'>;
interface Stored {
  readonly reply: TenantReply;
  readonly etag: string;
}

export function Reply() {
  const { tenantId } = useParams({ from: '/signed-in/t/$tenantId/reply' });
  const params = { path: { tenantId } };
  const query = useQuery({
    queryKey: ['reply', tenantId],
    queryFn: async ({ signal }): Promise<Stored> => {
      const { data, headers } = await takeWithHeaders(api.GET('/v1/tenants/{tenantId}/reply', { params, signal }));
      return { reply: data, etag: headers.get('etag') ?? '*' };
    },
    // The text being typed is compared with what was read, so that must not change.
    staleTime: Infinity,
  });
  return (
    <Page
      title="Reply to the client"
      description="What a mail client gets when the password was right but the address is not allowed. Most clients show it to their user."
    >
      {query.error ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : query.data ? (
        <Editor
          key={`${tenantId} ${query.data.etag}`}
          tenantId={tenantId}
          stored={query.data}
          onReload={() => void query.refetch()}
        />
      ) : (
        <Stack gap="md" maw={460}>
          <Skeleton height={58} />
          <Skeleton height={58} />
          <Skeleton height={40} />
        </Stack>
      )}
    </Page>
  );
}

interface EditorProps {
  readonly tenantId: string;
  readonly stored: Stored;
  readonly onReload: () => void;
}

function Editor({ tenantId, stored, onReload }: EditorProps) {
  const [text, setText] = useState(stored.reply.text);
  const [helpUrl, setHelpUrl] = useState(stored.reply.helpUrl ?? '');
  const [opaque, setOpaque] = useState(stored.reply.opaque);
  const { data: me } = useQuery(whoAmI);
  const writes = me !== undefined && mayWrite(me);
  const queries = useQueryClient();
  const reply: TenantReply = { text, helpUrl: helpUrl.trim() === '' ? null : helpUrl.trim(), opaque };
  const textError = isReplyText(text) ? null : TEXT_RULE;
  const urlError = reply.helpUrl === null || isHelpUrl(reply.helpUrl) ? null : URL_RULE;
  const changed = JSON.stringify(reply) !== JSON.stringify(stored.reply);
  const save = useMutation({
    mutationFn: async () =>
      takeWithHeaders(
        api.PUT('/v1/tenants/{tenantId}/reply', {
          params: { path: { tenantId }, header: { 'If-Match': stored.etag } },
          body: reply,
        }),
      ),
    onSuccess: ({ data, headers }) => {
      queries.setQueryData(['reply', tenantId], { reply: data, etag: headers.get('etag') ?? '*' });
      showDone('Saved. Relays use it within seconds.');
    },
  });
  const conflict = save.error instanceof ApiProblem && save.error.problem.code === 'version-mismatch';
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Text"
            description="{ip} is replaced by the client’s address."
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            error={textError}
            readOnly={!writes}
            spellCheck={false}
          />
          <TextInput
            label="Help URL"
            description="A link that follows the text. Leave it empty for no link."
            placeholder={`${window.location.origin}/help/ip-not-authorized`}
            value={helpUrl}
            onChange={(event) => setHelpUrl(event.currentTarget.value)}
            error={urlError}
            readOnly={!writes}
            spellCheck={false}
            inputMode="url"
          />
          <Switch
            label="Hide the reason: give the answer to a wrong password"
            description="Nobody learns that the password was right. Your own users do not see the reason either: only the audit trail has it."
            checked={opaque}
            onChange={(event) => setOpaque(event.currentTarget.checked)}
            disabled={!writes}
          />
          {save.error && <Failed error={save.error} {...(conflict && { retry: onReload })} />}
          {writes ? (
            <Button
              type="submit"
              mr="auto"
              loading={save.isPending}
              disabled={!changed || textError !== null || urlError !== null}
            >
              Save reply
            </Button>
          ) : (
            <ReadOnly />
          )}
        </Stack>
      </form>
      <Preview reply={textError === null && urlError === null ? reply : null} />
    </SimpleGrid>
  );
}

const TEXT_RULE = 'One line of 1 to 200 printable ASCII characters; {ip}, once at most, is the only use of braces.';
const URL_RULE = 'A link with http or https, of at most 200 printable ASCII characters without spaces.';
const EXAMPLE_IP = '203.0.113.9';

/** The reply as relays build it, by their code. */
function Preview({ reply }: { readonly reply: TenantReply | null }) {
  const answer = reply && replyOf('deny', EXAMPLE_IP, reply);
  return (
    <section aria-label="Preview" aria-live="polite">
      <Title order={2} size="sm" mb="xs">
        The answer of the mail server
      </Title>
      <Paper p="md" mb="xs" className="mono">
        {answer ? (
          `${answer.code} ${answer.enhanced} ${answer.text}`
        ) : (
          <Dimmed>shown once the text and the link are valid</Dimmed>
        )}
      </Paper>
      <Text size="sm" c="dimmed">
        {reply?.opaque
          ? 'Exactly the answer to a wrong password. The text and the link are stored, but not used.'
          : `To a client at ${EXAMPLE_IP}. The default text is “${DEFAULT_TENANT_REPLY.text}”.`}
      </Text>
    </section>
  );
}
